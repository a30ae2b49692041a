"""How often a server may be asked: so many requests in a period, and no request like another one too soon.

Waiting is done on the clock that it is given: a simulated one passes at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.clock import Clock


@dataclass
class Pacer:
    """Lets requests through as fast as is allowed, and no faster."""

    clock: Clock
    requests_max: int
    period: timedelta
    identical: timedelta = timedelta(0)  # between two requests that are the same
    _sent: deque[tuple[datetime, str]] = field(default_factory=deque)

    def remember(self, sent: Iterable[tuple[str, datetime]]) -> None:
        """Count what an earlier process sent; a moment that is yet to come is another clock's."""
        now = self.clock.now()
        self._sent.extend(sorted((at, request) for request, at in sent if at <= now))

    def wait(self, request: str) -> datetime:
        """Wait until a request may be sent, count it as sent, and return when."""
        while (pause := self._until_free(request)) > timedelta(0):
            self.clock.sleep(pause.total_seconds())
        self._sent.append((self.clock.now(), request))
        return self._sent[-1][0]

    def _until_free(self, request: str) -> timedelta:
        now, longest = self.clock.now(), max(self.period, self.identical)
        while self._sent and self._sent[0][0] + longest <= now:
            self._sent.popleft()
        same = [at + self.identical - now for at, sent in self._sent if sent == request]
        recent = [at for at, _ in self._sent if at + self.period > now]
        if len(recent) >= self.requests_max:
            same.append(recent[-self.requests_max] + self.period - now)
        return max(same, default=timedelta(0))
