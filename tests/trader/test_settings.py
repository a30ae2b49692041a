from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.homes import SETTINGS, write_settings
from trader.schedule import SettingsError
from trader.settings import FixedWeights, Mail, Momentum, canonical_text, load, mail_of, mail_password
from trader.settings.text import settings_lines, template

PASSWORD = "TALLYBOOK_MAIL_PASSWORD"


def test_settings_are_exact_and_the_rest_has_safe_defaults(tmp_path: Path) -> None:
    write_settings(tmp_path)

    settings = load(tmp_path)

    (strategy,) = settings.strategy
    assert isinstance(strategy, FixedWeights)
    assert strategy.weights == {"AAPL": Decimal("0.5"), "IBM": Decimal("0.4")}
    assert settings.dry_run
    assert settings.account.mode == "paper"
    assert settings.universe.tickers == ("AAPL", "IBM")
    assert not settings.mail.wanted


def test_a_universe_may_say_more_than_a_ticker(tmp_path: Path) -> None:
    text = SETTINGS.replace('"IBM"]', '{ symbol = "IBM", primary_exchange = "NYSE", con_id = 8314 }]')
    write_settings(tmp_path, text)

    ibm = load(tmp_path).universe.symbols[1]

    assert (ibm.symbol, ibm.primary_exchange, ibm.con_id, ibm.currency) == ("IBM", "NYSE", 8314, "USD")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("[account]", "[account", "expected TOML, found: Expected ']'", id="not TOML"),
        pytest.param('id = "DU1000001"', "id = 7", "account.id: expected a text in quotes, found 7", id="wrong type"),
        pytest.param('id = "DU1000001"', "", "account.id: expected a value, found none", id="missing"),
        pytest.param(
            'id = "DU1000001"',
            'id = "DU1"\nliv = true',
            "account.liv: expected a known key, found 'liv'; did you mean 'live'?",
            id="unknown key",
        ),
        pytest.param(
            "[broker]", "[brokr]", "brokr: expected a known key, found 'brokr'; did you mean 'broker'?", id="section"
        ),
        pytest.param("port = 1", "port = 70000", "broker.port: expected a number below 65536, found 70000", id="port"),
        pytest.param(
            'id = "DU1000001"',
            'id = "U1"\nmode = "live"',
            "account.live: expected true with mode = 'live', found false",
            id="live with one key",
        ),
        pytest.param(
            'id = "DU1000001"',
            'id = "U1"\nlive = true',
            "account.live: expected false with mode = 'paper', found true",
            id="live with the other key",
        ),
        pytest.param(
            "[broker]",
            '[simulator]\ncontrol = "127.0.0.1:4003"\n[broker]',
            None,
            id="simulated paper is fine",
        ),
        pytest.param(
            '[account]\nid = "DU1000001"',
            '[simulator]\ncontrol = "127.0.0.1:4003"\n[account]\nid = "U1"\nmode = "live"\nlive = true',
            "simulator.control: expected none with a live account, found '127.0.0.1:4003'; remove it",
            id="simulated and live",
        ),
        pytest.param("IBM = 0.4", "IBM = 0.5", None, id="weights of exactly 1"),
        pytest.param(
            "IBM = 0.4",
            "IBM = -0.51",
            "strategy.weights: expected magnitudes that add up to 1 at most, found 1.01",
            id="weights beyond 1",
        ),
        pytest.param(
            "IBM = 0.4", "IBM = nan", "strategy.weights.IBM: expected a finite number, found NaN", id="weight NaN"
        ),
        pytest.param(
            "IBM = 0.4", "IBM = inf", "strategy.weights.IBM: expected a finite number, found Infinity", id="infinite"
        ),
        pytest.param(
            "IBM = 0.4",
            "TSLA = 0.4",
            "strategy.weights.TSLA: expected a ticker of the universe (AAPL, IBM), found TSLA",
            id="unknown ticker",
        ),
        pytest.param(
            '["AAPL", "IBM"]',
            '["AAPL", "IBM", "IBM"]',
            "universe.symbols: expected each ticker once, found IBM 2 times",
            id="repeated ticker",
        ),
        pytest.param('kind = "fixed"', 'kind = "fixed"\nleverage = 1.5', None, id="leverage at the cap"),
        pytest.param(
            'kind = "fixed"',
            'kind = "fixed"\nleverage = 1.6',
            "strategy.leverage: expected at most limits.gross_leverage_max = 1.5, found 1.6",
            id="leverage beyond the cap",
        ),
        pytest.param(
            'kind = "fixed"',
            'kind = "fix"',
            "strategy.kind: expected one of fixed, momentum, trend, risk_parity, file, module, found 'fix'",
            id="unknown strategy",
        ),
        pytest.param(
            "[broker]",
            '[schedule]\nclose_not_before = "5 o\'clock"\n[broker]',
            "schedule: expected an hour and a time zone, as in '05:00 Asia/Singapore'",
            id="not an hour",
        ),
        pytest.param(
            "[broker]", '[mail]\nhost = "mail"\n[broker]', "mail: expected at least one address in mail.to", id="mail"
        ),
        pytest.param(
            "[broker]",
            '[schedule]\ncalendar = "XBOM"\n[broker]',
            "schedule.calendar: expected one of XNYS, XTSE, XLON, XETR, XPAR, XTKS, XHKG, XASX, found 'XBOM'",
            id="unknown calendar",
        ),
        pytest.param(
            "[broker]",
            '[schedule]\ncalendar = ""\n[broker]',
            "schedule.calendar: expected one of XNYS",
            id="no calendar",
        ),
        pytest.param(
            "[broker]",
            "[limits]\ngross_leverage_max = 1e30\n[broker]",
            "limits: gross_leverage_max: expected at most 100, found 1000000000000000000000000000000",
            id="leverage that nobody has",
        ),
        pytest.param(
            "[broker]",
            "[broker]\nmarket_data_type = true",
            "broker.market_data_type: expected a whole number, found true",
            id="true for a number",
        ),
        pytest.param(
            "[broker]",
            "[broker]\nclient_id = 2147483648",
            "broker.client_id: expected a number of at most 2147483647, found 2147483648",
            id="more than the broker's protocol takes",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, old: str, new: str, line: str | None) -> None:
    path = write_settings(tmp_path, SETTINGS.replace(old, new))

    if line is None:
        assert load(tmp_path).account.id == "DU1000001"
        return
    with pytest.raises(SettingsError) as refused:
        load(tmp_path)

    assert str(refused.value).startswith(f"{path}: {line}")
    assert "\n" not in str(refused.value)


def test_a_momentum_needs_a_source_and_a_history(tmp_path: Path) -> None:
    momentum = SETTINGS.replace('kind = "fixed"', 'kind = "momentum"').replace("weights =", "# weights =")

    write_settings(tmp_path, momentum)
    assert [type(strategy) for strategy in load(tmp_path).strategy] == [Momentum]

    write_settings(tmp_path, f"{momentum}\n[sources]\nbroker = false\n")
    with pytest.raises(SettingsError, match="expected a source for strategy 'momentum', found none"):
        load(tmp_path)

    write_settings(tmp_path, f"{momentum}\n[sources]\nhistory_days = 50\n")
    with pytest.raises(SettingsError, match=r"sources\.history_days: expected at least 61, found 50"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        pytest.param("speeds = [3]", r"strategy\.speeds\.0: expected 2, 4, 8, 16, 32 or 64, found 3", id="speed"),
        pytest.param("speeds = [8, 8]", r"strategy\.speeds: expected each speed once, found 8 2 times", id="twice"),
        pytest.param("leverage_max = 9", r"strategy\.leverage_max: expected at most limits\.gross", id="leverage"),
        pytest.param("[sources]\nhistory_days = 256", r"history_days: expected at least 257, found 256", id="history"),
    ],
)
def test_a_trend_is_refused_what_it_cannot_be(tmp_path: Path, added: str, problem: str) -> None:
    trend = SETTINGS.replace('kind = "fixed"', 'kind = "trend"').replace("weights =", f"{added} # weights =")
    if added.startswith("["):
        trend = f"{trend.replace(added, '')}\n{added}\n"

    write_settings(tmp_path, trend)

    with pytest.raises(SettingsError, match=problem):
        load(tmp_path)


def test_a_home_without_settings_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="found no file; run: tallybook init"):
        load(tmp_path)


def test_what_init_writes_is_loaded(tmp_path: Path) -> None:
    write_settings(tmp_path, template("DU7", "paper", 4002))

    assert load(tmp_path).account.id == "DU7"


def test_the_kept_settings_are_canonical(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS)
    text = canonical_text(load(tmp_path))
    write_settings(tmp_path, SETTINGS.replace('"0.5"', "0.50"))

    assert canonical_text(load(tmp_path)) == text
    assert json.loads(text)["strategy"][0]["weights"] == {"AAPL": "0.5", "IBM": "0.4"}
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_all_settings_are_shown_with_their_meaning_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "hunter2")
    write_settings(tmp_path)
    settings = load(tmp_path)

    shown = list(settings_lines(settings, everything=True))

    assert any(line.startswith("gross_leverage_max = 1.5") and "# multiple of NAV" in line for line in shown)
    assert any("********" in line for line in shown)
    assert not any("hunter2" in line for line in shown)
    assert all("  # " in line for line in shown if " = " in line)
    assert "hunter2" not in canonical_text(settings)


def test_chosen_settings_are_those_of_the_file(tmp_path: Path) -> None:
    write_settings(tmp_path)

    shown = "\n".join(settings_lines(load(tmp_path), everything=False))

    assert shown.strip() == SETTINGS.replace('"0.5"', "0.5").strip()


def test_gmail_is_a_preset(tmp_path: Path) -> None:
    mail = mail_of({"mail": {"preset": "gmail", "user": "a@gmail.com", "to": ["a@gmail.com"]}}, tmp_path)

    assert (mail.host, mail.port, mail.tls, mail.from_address) == ("smtp.gmail.com", 587, "starttls", "a@gmail.com")


def test_the_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "from the environment")

    assert mail_password(Mail(password_file="secret"), tmp_path) == "from the environment"


@pytest.mark.parametrize("password", ["abcd\u00a0efgh", "geheim\u20ac", ""])
def test_a_password_that_no_login_can_carry_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("TALLYBOOK_MAIL_PASSWORD", password)
    with pytest.raises(SettingsError, match="expected a mail password of ASCII characters") as refused:
        mail_password(Mail(), tmp_path)
    assert "efgh" not in str(refused.value)
    assert "geheim" not in str(refused.value)

    monkeypatch.delenv("TALLYBOOK_MAIL_PASSWORD")
    (tmp_path / "secret").write_bytes(password.encode("latin-1", "replace") + b"\xff")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(SettingsError, match="expected a mail password of ASCII characters"):
        mail_password(Mail(password_file="secret"), tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "owner", "owner@", "@localhost", "owner@localhost\nBcc: a@b", "owner@local\rhost", "owner@[",
        "(owner)@localhost", "owner@local@host", ",@,", "<>@localhost", '"@localhost',
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_a_mail_fails_on_it(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="expected mail addresses"):
        mail_of({"mail": {"host": "localhost", "to": address, "from": "tallybook@localhost"}}, tmp_path)
    with pytest.raises(SettingsError, match="expected mail addresses"):
        mail_of({"mail": {"host": "localhost", "to": "owner@localhost", "from": address}}, tmp_path)


@pytest.mark.parametrize(
    "address", ["Bob <b@c.d>", "a@b.c, d@e.f", "me@[127.0.0.1]", "J\u00fcrgen <j@x.y>", "a@m\u00fc.c"]
)
def test_whatever_a_mail_can_bear_is_an_address(tmp_path: Path, address: str) -> None:
    assert mail_of({"mail": {"host": "localhost", "to": [address], "from": "a@b"}}, tmp_path).to == (address,)


@pytest.mark.parametrize("host", ["smtp..gmail.com", ".smtp.gmail.com", "a" * 64 + ".com", "smtp gmail", "smtp\u0000"])
def test_what_no_resolver_can_be_asked_for_is_no_mail_server(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match=r"expected the name of a mail server in mail\.host, found "):
        mail_of({"mail": {"host": host, "to": "owner@localhost", "from": "tallybook@localhost"}}, tmp_path)


def test_a_user_that_no_login_can_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected a mail\.user of ASCII characters"):
        mail_of({"mail": {"user": "j\u00fcrgen@localhost"}}, tmp_path)


def test_a_password_file_must_be_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    file.chmod(0o600)
    assert mail_password(Mail(password_file="secret"), tmp_path) == "from the file"

    file.chmod(0o640)
    with pytest.raises(
        SettingsError, match="expected a file that only its owner reads, found mode 640; run: chmod 600"
    ):
        mail_password(Mail(password_file="secret"), tmp_path)

    with pytest.raises(SettingsError, match="expected a password, found none"):
        mail_password(Mail(), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user: root reads everything")
def test_unreadable_settings_say_so(tmp_path: Path) -> None:
    write_settings(tmp_path).chmod(0)

    with pytest.raises(SettingsError, match="expected a readable file, found: Permission denied"):
        load(tmp_path)
