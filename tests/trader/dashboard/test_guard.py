from __future__ import annotations

from pathlib import Path

import pytest

from trader.commands.dashboard.guard import HEADERS, REASONS, Asking, Guard, Refused
from trader.commands.dashboard.neighbours import of_this_user
from trader.commands.dashboard.rendering import policy

pytest.importorskip("starlette", reason="tallybook serve needs the extra `serve`")

from tests.trader.dashboard.browsing import ask

OURS = "127.0.0.1:8765"
TYPED = Asking("GET", OURS, None, "none", ("127.0.0.1", 50000))


def refused(asking: Asking) -> Refused | None:
    return next((found for reason in REASONS if (found := reason(asking)) is not None), None)


@pytest.mark.parametrize(
    "asking",
    [
        pytest.param(TYPED, id="typed into the browser"),
        pytest.param(TYPED._replace(site="same-origin"), id="a link of ours"),
        pytest.param(TYPED._replace(site=None), id="a program that is no browser"),
        pytest.param(TYPED._replace(host="localhost:9000"), id="through a tunnel"),
        pytest.param(TYPED._replace(method="HEAD"), id="only its head"),
        pytest.param(TYPED._replace(site="same-origin", origin=f"http://{OURS}"), id="our script"),
    ],
)
def test_the_owner_on_this_machine_may_look(asking: Asking) -> None:
    assert refused(asking) is None


@pytest.mark.parametrize(
    ("asking", "status"),
    [
        pytest.param(TYPED._replace(host="evil.example:8765"), 421, id="a name that was bent to here"),
        pytest.param(TYPED._replace(host="127.0.0.1.evil.example"), 421, id="a name that begins as ours"),
        pytest.param(TYPED._replace(host="localhost:8765@evil.example"), 421, id="a name that hides another"),
        pytest.param(TYPED._replace(host=f"{OURS}, evil.example"), 421, id="two names"),
        pytest.param(TYPED._replace(host=""), 421, id="no name"),
        pytest.param(TYPED._replace(site="cross-site"), 403, id="another site"),
        pytest.param(TYPED._replace(site="same-site"), 403, id="another port of this machine"),
        pytest.param(TYPED._replace(site="unheard-of"), 403, id="a word nobody knows"),
        pytest.param(TYPED._replace(site=None, origin="http://evil.example"), 403, id="an older browser elsewhere"),
        pytest.param(TYPED._replace(origin="null"), 403, id="a page without an origin"),
        *(pytest.param(TYPED._replace(method=m), 405, id=m) for m in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
    ],
)
def test_nobody_else_is_answered(asking: Asking, status: int) -> None:
    found = refused(asking)

    assert found is not None
    assert found.status == status


def test_a_refusal_bears_the_same_headers_and_asks_nothing_of_the_site() -> None:
    async def site(*_: object) -> None:
        raise AssertionError("the site was asked")

    seen = ask(Guard(site, policy=policy()), "/", host="evil.example")

    assert seen.status == 421
    assert dict(HEADERS).items() <= seen.headers.items()
    assert "evil.example" in seen.text
    assert seen.headers["content-type"].startswith("text/plain")


def test_the_policy_lets_in_our_style_and_our_script_alone() -> None:
    rules = dict(rule.split(" ", 1) for rule in policy().split("; "))

    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert {rules["style-src"][:8], rules["script-src"][:8]} == {"'sha256-"}
    assert "unsafe" not in policy()


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2239 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0
   1: 0100007F:2239 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 100 0 0 10 0
   2: 0100007F:C350 0100007F:2239 01 00000000:00000000 00:00000000 00000000  {user}        0 13 1 0 100 0 0 10 0
"""


@pytest.mark.parametrize(
    ("user", "answered"),
    [
        pytest.param(1000, True, id="the owner"),
        pytest.param(0, True, id="root, who reads every file"),
        pytest.param(1001, False, id="another user"),
    ],
)
def test_another_user_of_the_machine_is_refused(tmp_path: Path, user: int, answered: bool) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE.format(user=user), encoding="ascii")

    found = of_this_user(8761, (table,), user=1000)(TYPED)

    assert (found is None) is answered


def test_who_cannot_be_told_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE.format(user=1000), encoding="ascii")
    reason = of_this_user(8761, (table,), user=1000)

    assert reason(TYPED._replace(peer=("127.0.0.1", 50001))) is not None
    assert reason(TYPED._replace(peer=None)) is not None
