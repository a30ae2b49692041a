"""`tallybook serve`: the home as a site on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Annotated

import typer

from ledger.log import read_genesis
from trader import exits
from trader.commands.home import home_of, refuse_foreign_log

ADDRESS, PORT = "127.0.0.1", 8765
NEEDED = ("starlette", "uvicorn")


class CannotServe(Exception):
    """The site cannot be shown."""

    code = "serve"


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of 127.0.0.1; 0: any that is free")] = PORT,
    open_browser: Annotated[bool, typer.Option("--open", help="open it in the browser")] = False,
) -> int:
    """Show the home in the browser: what is, any day, reports, SQL. It can only be read, and only on this machine."""
    home = home_of(context)
    refuse_foreign_log(home)
    read_genesis(home)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise CannotServe(f"{' and '.join(missing)}: expected to be installed; type: pip install 'tallybook[serve]'")
    from trader.commands.dashboard.serving import listening, serve_on

    try:
        bound = listening(ADDRESS, port)
    except OSError as error:
        raise CannotServe(f"port {port} of {ADDRESS}: {error.strerror}; choose another: --port 0") from error
    with bound:
        address = f"http://{ADDRESS}:{bound.getsockname()[1]}/"
        print(f"{home}: {address} · read only · Ctrl-C ends it", flush=True)
        with suppress(KeyboardInterrupt):  # that is how it ends
            serve_on(home, bound, browser=address if open_browser else "", warn=_warn)
    return exits.FINE


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("serve", serve),)
