"""Who may ask, and what every answer says to the browser.

The site has no password: it listens on loopback, and everything else is refused. A page of another site cannot read it
under a name of its own (`Host`), nor ask it from a browser (`Sec-Fetch-Site`, `Origin`); nothing but GET and HEAD is
served; and an answer allows no frame, no cache, and no style or script but ours. To refuse something else, write a
function from a request to a reason and add it to `REASONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost"})
METHODS = frozenset({"GET", "HEAD"})
OF_OURS = frozenset({"same-origin", "none"})  # a link on a page of ours; an address typed, or a bookmark

HEADERS: tuple[tuple[str, str], ...] = (
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),  # a question stands in the address
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)


class Refused(NamedTuple):
    """Why a request is not answered."""

    status: int
    reason: str


class Asking(NamedTuple):
    """Of a request, what decides on letting it in."""

    method: str
    host: str
    origin: str | None
    site: str | None  # Sec-Fetch-Site; only a browser sends it
    peer: tuple[str, int] | None


Reason = Callable[[Asking], Refused | None]


def by_reading(asking: Asking) -> Refused | None:
    """Nothing here can be changed."""
    if asking.method in METHODS:
        return None
    return Refused(405, f"{asking.method}: expected GET or HEAD; this site can only be read")


def under_our_name(asking: Asking) -> Refused | None:
    """Another name that leads here is another site's: it would read what it is shown (DNS rebinding)."""
    name, _, port = asking.host.partition(":")
    if name in NAMES and (not port or port.isdecimal()):
        return None
    return Refused(421, f"host {asking.host or '(none)'}: expected 127.0.0.1 or localhost; open it by its number")


def from_our_pages(asking: Asking) -> Refused | None:
    """Another site's page asks in the owner's browser."""
    known = asking.site is None or asking.site in OF_OURS
    if known and asking.origin in {None, f"http://{asking.host}"}:
        return None
    return Refused(403, "asked from another site: expected a page of this one; type the address into the browser")


REASONS: tuple[Reason, ...] = (by_reading, under_our_name, from_our_pages)


class Guard:
    """Stands before the whole site: refuses, or answers under `HEADERS`."""

    def __init__(self, site: ASGIApp, *, policy: str, reasons: Iterable[Reason] = REASONS) -> None:
        self._site = site
        self._policy = policy
        self._reasons = tuple(reasons)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] == "lifespan":
            await self._site(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is not None:
            from starlette.responses import PlainTextResponse

            await PlainTextResponse(f"{refused.reason}\n", refused.status)(scope, receive, self._signing(send))
            return
        await self._site(scope, receive, self._signing(send))

    def _refused(self, scope: Scope) -> Refused | None:
        if scope["type"] != "http":
            return Refused(403, "expected a request for a page")
        asking = asking_of(scope)
        return next((found for reason in self._reasons if (found := reason(asking)) is not None), None)

    def _signing(self, send: Send) -> Send:
        """Add our headers to whatever is answered; a page may bring a policy of its own."""

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                ours = (*HEADERS, ("content-security-policy", self._policy))
                more = [(name.encode(), value.encode()) for name, value in ours if name.encode() not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        return signed


def asking_of(scope: Scope) -> Asking:
    """Read a request; a header that comes twice counts as all its values, which fit nothing."""
    said: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        said.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    one = {name: ", ".join(values) for name, values in said.items()}
    peer = scope.get("client")
    return Asking(
        method=scope["method"],
        host=one.get("host", ""),
        origin=one.get("origin"),
        site=one.get("sec-fetch-site"),
        peer=None if peer is None else (str(peer[0]), int(peer[1])),
    )
