"""What the venue tells of executions: each since midnight in New York, its commission at once or later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from trader.simulator.orders import Commission, Execution
from trader.simulator.sessions import new_york_date


@dataclass(slots=True, eq=False)
class Report:
    """An execution, its commission, and when the commission is told (None: it has been)."""

    execution: Execution
    commission: Commission
    due: datetime | None


class Reports:
    """Every execution of the venue, by day."""

    def __init__(self) -> None:
        self._by_day: dict[date, list[Report]] = {}
        self.untold: list[Report] = []  # whose commission is still to be told

    def add(self, report: Report, now: datetime) -> None:
        """Keep a new execution."""
        self._by_day.setdefault(new_york_date(now), []).append(report)
        if report.due:
            self.untold.append(report)

    def today(self, now: datetime) -> list[Report]:
        """Return the executions since midnight in New York."""
        return self._by_day.get(new_york_date(now), [])

    def due(self, now: datetime) -> list[Report]:
        """Return those whose commission is to be told by now; from now on it is."""
        found = [report for report in self.untold if report.due and report.due <= now]
        for report in found:
            self.untold.remove(report)
            report.due = None
        return found

    def drop(self, exec_id: str) -> None:
        """Forget an execution that was taken back."""
        for reports in (*self._by_day.values(), self.untold):
            reports[:] = [each for each in reports if each.execution.exec_id != exec_id]
