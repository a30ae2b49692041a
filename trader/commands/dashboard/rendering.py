"""HTML of pages: the templates, the one style and the one script, and the policy that allows nothing else.

Whatever comes from the log is escaped by the templates; the only markup that is not is that of `plot.py`, which escapes
by itself. Style and script stand in each page, and are named in the policy by their hashes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ledger.events import decimal_text
from queries import sections
from queries.figures import change, clock_time, day_and_time, money, percent, percent_change, price, quantity
from queries.sql import Answer, cell_text
from trader.commands.dashboard.links import lead, question
from trader.commands.dashboard.page import Page
from trader.commands.dashboard.plot import NARROW, WIDE, drawing_of, svg_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TABS: tuple[tuple[str, str, str], ...] = (  # address, name, key
    ("/", "Now", "n"),
    ("/days", "Days", "d"),
    ("/reconciliation", "Reconciliation", "r"),
    ("/reports", "Reports", "p"),
    ("/sql", "Ask", "s"),
)


@cache
def _text(name: str) -> str:
    return files("trader.commands.dashboard").joinpath("templates", name).read_text(encoding="utf-8")


def policy() -> str:
    """Return the Content-Security-Policy: nothing but our style and our script, and questions to ourselves."""
    return "; ".join((
        "default-src 'none'", f"style-src 'sha256-{_digest(_style())}'", f"script-src 'sha256-{_digest(_script())}'",
        "img-src data:", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ))  # fmt: skip


def _style() -> str:
    return f"{sections.style()}{_text('style.css')}"  # a report looks here as it does alone


def _script() -> str:
    return _text("refresh.js")


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def html_of(page: Page, frame: Mapping[str, Any]) -> str:
    """Render a page within the frame of the site."""
    return _environment().get_template(f"{page.template}.html.j2").render(page=page, **frame, **page.shown)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("trader.commands.dashboard", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.filters |= {
        "money": money, "change": change, "percent": percent, "percent_change": percent_change, "price": price,
        "quantity": quantity, "exact": decimal_text, "cell": cell_text, "moment": day_and_time, "clock": clock_time,
    }  # fmt: skip
    environment.globals |= {
        "tabs": TABS, "style": Markup(_style()), "script": Markup(_script()), "lead": lead,
        "question": question, "chart": chart,
    }  # fmt: skip
    return environment


def chart(answer: Answer) -> Markup:
    """Draw an answer for a page and for a telephone; nothing where there is nothing to draw."""
    from markupsafe import Markup

    drawing = drawing_of(answer)
    if drawing is None:
        return Markup("")
    wide, narrow = svg_of(drawing, WIDE), svg_of(drawing, NARROW)
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')
