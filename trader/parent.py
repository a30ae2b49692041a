"""`tallybook cycle`: the small parent that cron starts every five minutes.

Off-slot it ends at once, without a trace. In a slot it runs the cycle as a process of its own, within a time limit;
after the closing cycle it runs the commit; after an abnormal end it has the failure recorded and mailed. Standard
library only, since it starts so often: whatever is slow is imported after something went wrong.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trader import exits
from trader.complaining import complain
from trader.manifest import BackupRefused, require_home
from trader.schedule import FILE_NAME, Schedule, SettingsError, read_toml, schedule_of

if TYPE_CHECKING:
    from trader.calendar import Calendar, Slot
    from trader.supervision import Ending

REFUSALS_BEFORE_ALARM = 3

USAGE = "usage: tallybook [--home HOME] cycle [--now] [--dry-run] [--verbose]"
HELP = f"""{USAGE}

Run the cycle that is due. Off-slot it does nothing; by hand it says so, and names the next slot.

  --now       run a cycle now, whatever the hour
  --dry-run   plan and record, but never cancel or place an order (the settings' default)
  --verbose   print each line of the cycle with its duration
  --home      the home of the account (default: the current folder)
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How the cycle was asked for."""

    home: Path
    now: bool = False
    dry_run: bool = False
    verbose: bool = False


class UsageError(Exception):
    """Arguments that mean nothing."""

    code = "usage"


def main(arguments: list[str]) -> int:
    """Run `tallybook cycle` with these arguments (those before `cycle` included) and return the exit status."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(HELP)
        return exits.FINE
    try:
        return _start(parse(arguments))
    except (SettingsError, UsageError, BackupRefused) as error:
        complain(f"{error.code}: {error}")
    except OSError as error:
        complain(f"not-usable: {error.filename}: {error.strerror}; check the folder, its permissions and the disk")
    return exits.COULD_NOT


def parse(arguments: list[str]) -> Options:
    """Read the arguments; raise UsageError for what is unknown."""
    home, flags = Path(), set()
    rest = iter(argument for argument in arguments if argument != "cycle")
    for argument in rest:
        name, equals, text = argument.partition("=")
        if name == "--home":
            value = text if equals else next(rest, None)
            if not value:
                raise UsageError("--home: expected a folder, found nothing; " + USAGE)
            home = Path(value)
        elif argument in ("--now", "--dry-run", "--verbose"):
            flags.add(argument)
        else:
            raise UsageError(f"expected an option of cycle, found {argument!r}; {USAGE}")
    return Options(home.absolute(), "--now" in flags, "--dry-run" in flags, "--verbose" in flags)


def _start(options: Options) -> int:
    require_home(options.home)
    schedule = schedule_of(read_toml(options.home), options.home / FILE_NAME)
    from trader.calendar import Calendar, CalendarError

    try:
        calendar = Calendar.load(schedule.calendar)
    except CalendarError as error:
        raise SettingsError(f"{options.home / FILE_NAME}: schedule.calendar: {error}; correct it") from error
    moment = _moment(options.home, schedule)
    if options.now:
        return run_slot(options, schedule, _slot_by_hand(calendar, moment), moment)
    try:
        slot = calendar.preflight_due(moment, schedule.preflight_minutes)
        slot = slot or calendar.due(moment, *(schedule.close_not_before or (None, None)))
    except CalendarError as error:  # the years of the packaged table are over, and every start ends here
        return _told(options, f"{moment.date()}/cycle", _ended_without_calendar(error), "start")
    if slot is None:
        _tell_next(options, calendar, schedule, moment)
        return exits.FINE
    return run_slot(options, schedule, slot.name, slot.at)


def _ended_without_calendar(error: Exception) -> Ending:
    from trader.supervision import Ending

    words = f"calendar: {error}"
    complain(words)
    return Ending(exits.COULD_NOT, None, timed_out=False, peak_memory_bytes=0, last_words=words)


def _moment(home: Path, schedule: Schedule) -> datetime:
    from trader.clocks import clock_of

    if schedule.control is None:
        return clock_of(home, None).now()
    from trader.simulator.control import ControlError

    try:
        return clock_of(home, schedule.control).now()
    except ControlError as error:
        raise SettingsError(f"{home / FILE_NAME}: simulator.control: {error}, or adopt an account first") from error


def _slot_by_hand(calendar: Calendar, moment: datetime) -> str:
    """Name the start by hand after the session of the day, or the last one before."""
    session = calendar.session_at(moment) or calendar.previous(moment.astimezone(calendar.zone).date())
    return f"{session.day}/now-{moment.astimezone(calendar.zone):%H%M%S}"


def _tell_next(options: Options, calendar: Calendar, schedule: Schedule, moment: datetime) -> None:
    from trader.calendar import city

    slot: Slot = calendar.next_due(moment, *(schedule.close_not_before or (None, None)))
    there, here = slot.at.astimezone(calendar.zone), slot.at.astimezone()
    when = f"{there:%a %d %b %H:%M} {city(slot.zone)} ({here:%a %H:%M} here)"
    _say(options, f"nothing is due; next: {slot.name}, {when}; --now runs one")


def _say(options: Options, words: str) -> None:
    """Tell somebody who looks on; cron would mail it."""
    if options.verbose or sys.stdout.isatty():
        print(words)


def run_slot(options: Options, schedule: Schedule, slot: str, at: datetime) -> int:
    """Run the cycle of a slot, and what follows it; return the exit status for the caller."""
    from trader.supervision import supervise

    ending = supervise(_cycle_command(options, schedule, slot, at), schedule.timeout_seconds)
    match ending.exit_status:
        case exits.NOTHING_TO_DO:
            _say(options, f"{slot} is done already; --now runs another cycle")
            return exits.FINE
        case exits.FINE | exits.BAD_NEWS as status:
            _say(options, f"{slot} ran: {'all fine' if status == exits.FINE else 'bad news'}; see: tallybook status")
            return max(status, _commit(options, schedule, slot)) if slot.endswith("/close") else status
        case exits.LOCKED:
            if _refused_starts(options.home) >= REFUSALS_BEFORE_ALARM:
                _told(options, slot, ending, "cycle")
            return exits.LOCKED
        case _:
            return _told(options, slot, ending, "cycle")


def _refused_starts(home: Path) -> int:
    """Count the starts that the present holder of the log has kept out: each leaves a note until it is recorded."""
    return sum(1 for _ in (home / "var" / "refused").glob("*.json"))


def _cycle_command(options: Options, schedule: Schedule, slot: str, at: datetime) -> list[str]:
    bounds = [f"--timeout-seconds={schedule.timeout_seconds}", f"--memory-megabytes={schedule.memory_megabytes}"]
    flags = [*(["--dry-run"] if options.dry_run else []), *(["--verbose"] if options.verbose else [])]
    occasion = [f"--slot={slot}", f"--at={at.isoformat()}"]
    return [sys.executable, "-m", "trader.child", f"--home={options.home}", *occasion, *bounds, *flags]


def _commit(options: Options, schedule: Schedule, slot: str) -> int:
    """Put the closed day into the database, in a process of its own."""
    from trader.supervision import supervise

    day = slot.partition("/")[0]
    command = [sys.executable, "-m", "trader.commands", f"--home={options.home}", "commit", day]
    ending = supervise(command, schedule.timeout_seconds, quiet=True)  # cron would mail its words every day
    if ending.exit_status in (exits.FINE, exits.LOCKED):  # locked: the next start tries again
        return ending.exit_status
    return _told(options, slot, ending, "commit")


def _told(options: Options, slot: str, ending: Ending, what: str) -> int:
    """Have an abnormal end recorded and mailed."""
    from trader.aftermath import tell  # slow, and needed only now

    tell(options.home, slot, ending, what)
    return exits.COULD_NOT
