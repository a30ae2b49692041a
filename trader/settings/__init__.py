"""The settings of a home, read strictly from `tallybook.toml`.

`load` gives settings that are whole and consistent, or raises SettingsError with one line. The settings stand
in `sections.py`, what may not stand together in `contradictions.py`, the wording of mistakes in `mistakes.py`.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ledger.events import decimal_text
from trader.limits import Limits
from trader.schedule import FILE_NAME, SettingsError, read_toml
from trader.settings.connecting import Account, Broker, Flex, Simulator
from trader.settings.contradictions import CONTRADICTIONS
from trader.settings.deciding import (
    FixedWeights,
    FromFile,
    Instrument,
    Module,
    Momentum,
    RiskParity,
    Sources,
    Strategy,
    Trend,
    Universe,
)
from trader.settings.mistakes import one_line
from trader.settings.reconciling import Reconcile
from trader.settings.secrets import PASSWORD_VARIABLE, apprise_urls, mail_password, ping_url
from trader.settings.sections import Settings
from trader.settings.telling import Mail, Notices, Witness
from trader.settings.texts import with_texts
from trader.settings.trading import Accounting, Orders, Schedule


def load(home: Path) -> Settings:
    """Read a home's settings; raise SettingsError with one line that says what to do."""
    path = home / FILE_NAME
    return with_texts(settings_of(read_toml(home), path), home, path)


def settings_of(toml: dict[str, Any], path: Path) -> Settings:
    """Validate settings that were read from a file."""
    try:
        settings = Settings.model_validate(_frozen(toml))
    except ValidationError as error:
        raise SettingsError(f"{path}: {one_line(error, Settings)}") from None
    for contradiction in CONTRADICTIONS:
        for complaint in contradiction(settings):
            raise SettingsError(f"{path}: {complaint}")
    return settings


def mail_of(toml: dict[str, Any], path: Path) -> Mail:
    """Validate the mail section alone: an alarm must leave even if another section is wrong."""
    try:
        return Mail.model_validate(_frozen(toml.get("mail", {})))
    except ValidationError as error:
        raise SettingsError(f"{path}: mail.{one_line(error, Mail)}") from None


def canonical_text(settings: Settings) -> str:
    """Spell the complete non-secret settings as sorted JSON, kept by hash as evidence."""
    plain = settings.model_dump(mode="python", by_alias=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_spelled)


def notices_of(toml: dict[str, Any], path: Path) -> Notices:
    """Validate the notices section alone, for the same reason."""
    try:
        return Notices.model_validate(_frozen(toml.get("notices", {})))
    except ValidationError as error:
        raise SettingsError(f"{path}: notices.{one_line(error, Notices)}") from None


def _frozen(value: Any) -> Any:
    """Turn TOML's lists into tuples, all the way down."""
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value


def _spelled(value: object) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(f"a setting of type {type(value).__name__} has no spelling")


__all__ = [
    "FILE_NAME",
    "PASSWORD_VARIABLE",
    "Account",
    "Accounting",
    "Broker",
    "FixedWeights",
    "Flex",
    "FromFile",
    "Instrument",
    "Limits",
    "Mail",
    "Module",
    "Momentum",
    "Notices",
    "Orders",
    "Reconcile",
    "RiskParity",
    "Schedule",
    "Settings",
    "SettingsError",
    "Simulator",
    "Sources",
    "Strategy",
    "Trend",
    "Universe",
    "Witness",
    "apprise_urls",
    "canonical_text",
    "load",
    "mail_of",
    "mail_password",
    "notices_of",
    "ping_url",
    "settings_of",
]
