"""The settings of a home, read strictly from `tallybook.toml`.

`load` gives settings that are whole and consistent, or raises SettingsError with one line. The settings stand
in `sections.py`, what may not stand together in `contradictions.py`, the wording of mistakes in `mistakes.py`.
"""

import json
import os
import stat
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
from trader.settings.sections import Settings
from trader.settings.telling import Mail, Witness
from trader.settings.trading import Accounting, Orders, Schedule

PASSWORD_VARIABLE = "TALLYBOOK_MAIL_PASSWORD"


def load(home: Path) -> Settings:
    """Read a home's settings; raise SettingsError with one line that says what to do."""
    path = home / FILE_NAME
    return settings_of(read_toml(home), path)


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


def mail_password(mail: Mail, home: Path) -> str:
    """Return the mail password from the environment or its file; raise SettingsError if neither can be used."""
    if (password := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return _sendable(password, PASSWORD_VARIABLE)
    if mail.password_file is None:
        raise SettingsError(
            f"{home / FILE_NAME}: mail.user: expected a password, found none; "
            f"set {PASSWORD_VARIABLE} or mail.password_file"
        )
    path = home / mail.password_file
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError(
                f"{path}: expected a file that only its owner reads, found mode {mode:o}; run: chmod 600 {path}"
            )
        return _sendable(path.read_text(encoding="utf-8", errors="replace").strip(), str(path))
    except OSError as error:
        raise SettingsError(
            f"{path}: expected the mail password, found: {error.strerror}; correct mail.password_file"
        ) from None


def _sendable(password: str, where: str) -> str:
    """Refuse what no login can carry, such as the wide spaces of a password that was copied from a web page."""
    if not password or not password.isascii():
        found = "found another character" if password else "found none"
        raise SettingsError(f"{where}: expected a mail password of ASCII characters, {found}; type it in by hand")
    return password


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
    "canonical_text",
    "load",
    "mail_of",
    "mail_password",
    "settings_of",
]
