"""Daily: what is, what waits for you, and what you say to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from ledger.book import Book, Impossible, replay
from ledger.checkpoints import book_of
from ledger.clock import SystemClock
from ledger.errors import LogError, LogLocked, LogMissing
from ledger.events import TradingHalted, TradingResumed
from ledger.ledger import Ledger, LedgerError
from ledger.log import read_events, read_genesis
from ledger.log.disk import LOCAL
from ledger.log.halt import halt_reason
from ledger.log.storage import day_files, events_folder, var_folder, write_new_file
from queries.advice import DAMAGED
from queries.advice import halt as halted
from queries.sql import Answer, Format, print_answer
from queries.status import Status
from queries.status import status as status_of_home
from queries.status_text import print_status
from reconcile import acceptance, taking_back
from reconcile.acceptance import Choice
from trader import exits
from trader.commands.breaks import COLUMNS, booked_lines, break_lines, break_row
from trader.commands.care import require_sealed_files_sound
from trader.commands.home import (
    clock_and_settings,
    home_of,
    next_cycle_text,
    refuse_foreign_log,
    require_own_log,
    zone_of,
)
from trader.place import displaced
from trader.recovery import end_by_word
from trader.schedule import FILE_NAME, SettingsError
from trader.witness import keep_now

Why = Annotated[str, typer.Option(help="the reason, kept in the log", show_default=False)]
FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json")]


def status(context: typer.Context, format: FormatOption = "table") -> int:
    """Show where the account stands, and what waits for you (exit 1 if something does)."""
    home = home_of(context)
    try:
        clock, settings = clock_and_settings(home)
    except SettingsError as error:
        return print_status(_without_settings(home, error), format)
    require_own_log(home, clock, settings)
    shown = status_of_home(
        home,
        clock.now(),
        next_cycle=lambda: next_cycle_text(settings, clock.now()),
        leverage_max=settings.limits.gross_leverage_max,
        dry_run=settings.dry_run,
        displaced=displaced(home) or "",
        zone=zone_of(home),
    )
    return print_status(shown, format)


def _without_settings(home: Path, error: SettingsError) -> Status:
    """Tell what the log alone knows; a folder with neither is no home."""
    try:
        genesis = read_genesis(home)
    except LogMissing:
        raise error from None
    now = SystemClock().now() if genesis.clock == "system" else None  # a simulated clock stands where the log ends
    return status_of_home(home, now, settings_error=f"{error.code}: {error}", displaced=displaced(home) or "")


def breaks(
    context: typer.Context,
    break_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="one break, whatever became of it")] = None,
    format: FormatOption = "table",
) -> int:
    """Show what IB and the book disagree on (exit 1 with open breaks)."""
    home = home_of(context)
    refuse_foreign_log(home)
    book, break_id = book_of(home), break_id.upper() if break_id is not None else None
    if break_id is not None and break_id not in book.breaks and book.breaks_found > len(book.breaks):
        book = replay(lambda: read_events(home), retain=True)  # it may be one that the book forgot
    if break_id is not None and break_id not in book.breaks:
        known = ", ".join(book.breaks) or "none"
        raise Impossible(f"break {break_id}: expected one of {known}, found no such break; see: tallybook breaks")
    shown = book.open_breaks if break_id is None else (book.breaks[break_id],)
    if format == "table":
        print("\n\n".join("\n".join(break_lines(book, known)) for known in shown) or "no open breaks")
    else:
        print_answer(Answer(COLUMNS, tuple(break_row(book, known) for known in shown)), format)
    return exits.BAD_NEWS if book.open_breaks else exits.FINE


AMOUNT_MAX, PLACES_MAX, REASON_MAX = 10**15, 10, 500  # what tables can hold, and a line can show


def amount_of(text: str) -> Decimal:
    """Read an amount of money, or a share."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise typer.BadParameter(f"expected an amount like 1234.56, found {text!r}")
    exponent = amount.as_tuple().exponent
    if abs(amount) >= AMOUNT_MAX or not isinstance(exponent, int) or exponent < -PLACES_MAX:
        raise typer.BadParameter(
            f"expected an amount below {AMOUNT_MAX:,}, to at most {PLACES_MAX} places; found {text[:40]!r}"
        )
    return amount


def accept(
    context: typer.Context,
    break_id: Annotated[str, typer.Argument(metavar="ID")],
    why: Why,
    explanation: Annotated[
        int | None, typer.Option("--explanation", metavar="N", help="which, as `breaks ID` numbers them")
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="undo an acceptance: what was inferred for it is taken back")
    ] = False,
    as_suspense: Annotated[
        bool, typer.Option("--as-suspense", help="book the difference without a reason, against suspense")
    ] = False,
    basis_to_cash: Annotated[
        Decimal | None,
        typer.Option(
            "--basis-to-cash", parser=amount_of, help="of a merger for cash and shares: the cash's share of the basis"
        ),
    ] = None,
) -> int:
    """Take the broker's word for a break: what explains it is booked, and its lock falls."""
    from trader.assembly import tolerances_of  # slow: every command would pay for the desk

    home, break_id = home_of(context), break_id.upper()
    require_reason(why)
    if take_back and (explanation is not None or as_suspense or basis_to_cash is not None):
        raise typer.BadParameter("expected --take-back alone: what was accepted is undone as it was recorded")
    if as_suspense and explanation is not None:
        raise typer.BadParameter("expected --explanation or --as-suspense, found both: is there a reason, or none?")
    clock, settings = clock_and_settings(home)
    choice: Choice = {"explanation": explanation, "as_suspense": as_suspense, "basis_to_cash": basis_to_cash}
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        if take_back:
            facts = taking_back(ledger.book, break_id, why, _who())
        else:
            facts = acceptance(ledger.book, break_id, why, tolerances_of(settings), by=_who(), **choice)
        booked = tuple(booked_lines(ledger.book, facts))
        ledger.record(facts)
        left = len(ledger.book.open_breaks)
    done = "taken back: the next cycle finds the difference again" if take_back else "accepted"
    print(f"{break_id} {done}; {left or 'no'} open break{'' if left == 1 else 's'} left")
    print("".join(f" {line}\n" for line in booked), end="")
    return exits.FINE


def _who() -> str:
    """Name whoever gives this command, as the machine knows them."""
    try:
        return getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"uid {os.getuid()}"


def halt(context: typer.Context, why: Why = "halted by hand") -> int:
    """Stop every order from leaving, at once and until you resume; positions stay as they are."""
    home = home_of(context)
    why = "".join(letter if letter.isprintable() else " " for letter in why)[:REASON_MAX]  # a halt is never refused
    var = var_folder(home)
    if not (home / FILE_NAME).exists() and not var.is_dir():
        raise SettingsError(f"{home}: expected a home, found no {FILE_NAME}; nothing was halted: check --home")
    var.mkdir(mode=0o700, exist_ok=True)
    earlier = halt_reason(var)
    kept = why if earlier is None or earlier == why else f"{earlier}; {why}"  # a later halt hides no earlier one
    write_new_file(var / "HALT", f"{kept}\n".encode())
    print(f"halted: {why}" + _recorded(home, why))
    return exits.FINE


def _recorded(home: Path, why: str) -> str:
    """Record the halt if nobody else writes; the file alone stops every order."""
    try:
        clock, _ = clock_and_settings(home)
        with Ledger.open(home, clock) as ledger:
            ledger.record((TradingHalted(reason=why),))
    except LogLocked:
        return " (a cycle is running: it is stopped by var/HALT, and records it)"
    except LogMissing:
        return " (there is no log yet to record it in)"
    except SettingsError as error:
        if not day_files(events_folder(home)):
            return " (there is no log yet to record it in)"
        return f" by var/HALT (the log could not record it: {error.code})"
    except (LogError, LedgerError) as error:
        return f" by var/HALT (the log could not record it: {error.code})"
    return ""


def resume(
    context: typer.Context,
    why: Why,
    recovered: Annotated[
        bool, typer.Option("--recovered", help="end a recovery: this log is the one to go on with, whatever is newer")
    ] = False,
) -> int:
    """Lift the halt; with --recovered, end a recovery by your word."""
    home = home_of(context)
    require_reason(why)
    _require_removable(var_folder(home) / "HALT")
    if recovered:
        return _end_recovery(home, why)
    _require_undamaged(home)
    if _lifted_without_log(home):
        print(f"resumed: {why} (there is no log yet to record it in)")
        return exits.FINE
    clock, settings = clock_and_settings(home)
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        if ledger.book.halt is None and halt_reason(var_folder(home)) is None:
            print("nothing was halted" + _still_halted(ledger.book))
            return exits.FINE
        ledger.record((TradingResumed(why=why),))
        _remove_halt(var_folder(home))
        print(f"resumed: {why}" + _still_halted(ledger.book))
    return exits.FINE


def _end_recovery(home: Path, why: str) -> int:
    """Take this log for the newest, and let the witnesses outside say so too."""
    clock, settings = clock_and_settings(home)
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        if ledger.book.recovery is None:
            print("no recovery was under way: nothing was done; to lift a halt, leave --recovered out")
            return exits.FINE
        ledger.record(end_by_word(ledger.book, why))
        ledger.log.barrier()  # a witness must not know more than the disk
        ledger.record(keep_now(ledger.book, settings, home))
        unusable = [f"{place}: {reason}" for place, reason in ledger.book.witness_failures.items()]
        print(f"recovered: {why}" + _halted_by_hand(home, ledger.book))
    for failure in unusable:
        print(
            f"! witness {failure}: until it is written anew, the next cycle halts again if it knows more than this log"
        )
    return exits.FINE


def _halted_by_hand(home: Path, book: Book) -> str:
    """Say that a halt is lifted by its own word: who ends a recovery has not thought of it."""
    left = halted(book, halt_reason(var_folder(home)))
    return _still_halted(book) if left is None else f"\nstill halted: {left[0]}; {left[1]}"


def _require_undamaged(home: Path) -> None:
    """Look again where a commit found damage: to resume mends nothing."""
    if (halt_reason(var_folder(home)) or "").startswith(DAMAGED):
        require_sealed_files_sound(home)


def _lifted_without_log(home: Path) -> bool:
    """Lift a halt from before the adoption: there is nothing but the file."""
    var = var_folder(home)
    if not os.path.lexists(var / "HALT") or day_files(events_folder(home)):
        return False
    _remove_halt(var)
    return True


def _require_removable(halt_file: Path) -> None:
    if halt_file.is_dir() and not halt_file.is_symlink():
        raise SettingsError(f"{halt_file}: expected a file, found a folder; move it away, then run: tallybook resume")


def _remove_halt(var: Path) -> None:
    (var / "HALT").unlink(missing_ok=True)
    LOCAL.sync_folder(var)


def _still_halted(book: Book) -> str:
    if book.halted:
        return f" (but trading stays halted by {book.halted}: see tallybook breaks)"
    return f" (but no order leaves in recovery: {book.recovery}; see tallybook status)" if book.recovery else ""


def require_reason(why: str) -> None:
    """Refuse an empty reason: it is kept for ever."""
    if not why.strip():
        raise typer.BadParameter("expected a reason, found nothing", param_hint="--why")
    require_plain(why)


def require_plain(words: str) -> None:
    """Refuse what would break a line of a terminal, or be too long for one: it is shown again and again."""
    if len(words) > REASON_MAX or not words.isprintable():
        raise typer.BadParameter(
            f"expected at most {REASON_MAX} printable characters on one line, found {words[:40]!r}", param_hint="--why"
        )


def cycle() -> int:
    """Run the cycle that is due; cron starts it every five minutes. See: tallybook cycle --help."""
    raise AssertionError("cycle never gets here: trader.commands.main takes it to the parent")


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("status", status),
    ("breaks", breaks),
    ("accept", accept),
    ("halt", halt),
    ("resume", resume),
    ("cycle", cycle),
)
