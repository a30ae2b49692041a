"""When cycles run: the crontab line, or a systemd timer in its place, and the next slots."""

from __future__ import annotations

import getpass
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from queries.figures import columns
from trader import exits
from trader.calendar import Slot, city
from trader.commands.home import clock_and_settings, home_of, next_slots
from trader.schedule import SettingsError
from trader.settings import Settings

SLOTS_SHOWN = 9
MORE_SECONDS = 300  # that a start may take beyond its cycle: recovering, mailing, the commit
MORE_MEGABYTES = 1024  # for the parent, and the commit

SCHEDULE = typer.Typer(help="When cycles run.", no_args_is_help=True)


@SCHEDULE.callback()
def schedule() -> None:
    """When cycles run: one crontab line, or one timer, is all the scheduling."""


@SCHEDULE.command("print")
def schedule_print(
    context: typer.Context,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="a service and a timer in place of the crontab line")
    ] = False,
    into: Annotated[Path | None, typer.Option(help="write the units into this folder")] = None,
) -> int:
    """Print the crontab line, or the units of a systemd timer, and the next slots."""
    home = home_of(context)
    clock, chosen = clock_and_settings(home)
    if into is not None and not systemd:
        raise SettingsError(
            "--into: expected --systemd with it, found it alone: a crontab line is no file; add --systemd"
        )
    if systemd:
        print("\n".join(_units(home, chosen, into)))
    else:
        print(crontab_line(home))
    print()
    rows = tuple(_row(slot) for slot in next_slots(chosen, clock.now(), SLOTS_SHOWN))
    print("\n".join(columns((("slot", "exchange", "here"), *rows))))
    if minutes := chosen.schedule.preflight_minutes:
        print(f"\n{minutes} minutes before each open the broker is looked at; it is mailed only if you have to act")
    return exits.FINE


def _row(slot: Slot) -> tuple[str, str, str]:
    there = f"{slot.at.astimezone(slot.zone):%a %d %b %H:%M} {city(slot.zone)}"
    return slot.name, there, f"{slot.at.astimezone():%a %d %b %H:%M %Z}"


def crontab_line(home: Path) -> str:
    """Return the one line that schedules everything; off-slot the command ends at once."""
    line = f"*/5 * * * * cd {shlex.quote(str(home))} && {_executable()} cycle"
    return line.replace("%", r"\%")  # cron takes a bare % for a new line


def _executable() -> str:
    beside = Path(sys.executable).with_name("tallybook")
    if beside.exists():
        return shlex.quote(str(beside))
    return f"{shlex.quote(sys.executable)} -m trader.commands"


# systemd


def _units(home: Path, chosen: Settings, into: Path | None) -> list[str]:
    """Return the units to show, or write them and say what to do with them."""
    units = {"tallybook.service": service_unit(home, chosen), "tallybook.timer": TIMER}
    if into is None:
        return [f"# {name}\n{text}" for name, text in units.items()]
    into.mkdir(parents=True, exist_ok=True)
    for name, text in units.items():
        (into / name).write_text(text, encoding="utf-8")
    return [
        f"wrote {', '.join(str(into / name) for name in units)}; then:",
        "  systemctl daemon-reload",
        "  systemctl enable --now tallybook.timer",
    ]


# Persistent=false: a slot that passed while the machine slept is skipped and told, never made up for.
TIMER = """\
[Unit]
Description=tallybook: a start every five minutes; off-slot it ends at once

[Timer]
OnCalendar=*:0/5
AccuracySec=1s
Persistent=false

[Install]
WantedBy=timers.target
"""

SERVICE = """\
[Unit]
Description=tallybook: the cycle that is due
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={home}
ExecStart={command} cycle
# 1: bad news, which was mailed; 75: another start is at work.
SuccessExitStatus=1 75
# TALLYBOOK_MAIL_PASSWORD=..., one a line; mode 0600. Without the file nothing is read.
EnvironmentFile=-{home}/tallybook.env
TimeoutStartSec={seconds}
MemoryMax={megabytes}M
LimitCORE=0
# A stop reaches the parent alone: the cycle is recorded as ended, and the next start resolves what it left.
KillMode=mixed
UMask=0077
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
PrivateTmp=true
PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
LockPersonality=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def service_unit(home: Path, chosen: Settings) -> str:
    """Return the service: one start, which may write to the home and to the witnesses alone."""
    told = chosen.witness
    files = [(home / Path(told.file).expanduser()).parent] if told.file else []
    repositories = [home / Path(told.git).expanduser()] if told.git else []
    return SERVICE.format(
        user=getpass.getuser(),
        home=_spelt(str(home)),
        command=_executable().replace("%", "%%"),
        seconds=chosen.schedule.timeout_seconds + MORE_SECONDS,
        megabytes=chosen.schedule.memory_megabytes + MORE_MEGABYTES,
        writable=" ".join(f'"{_spelt(str(path))}"' for path in (home, *files, *repositories)),
    )


def _spelt(path: str) -> str:
    """Spell a path for a unit: % begins a specifier there."""
    return path.replace("%", "%%")
