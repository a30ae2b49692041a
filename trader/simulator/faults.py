"""What can be made to go wrong between the gateway and its clients.

`Faults` is plain state that the control port sets and the gateway asks. Message faults (`Rule`) work on outgoing
messages by name, in the order in which they were set: dropped, duplicated, given a field too many or another value in
one of them, or held back for some real seconds. To add a fault: a field here, the question where the gateway acts, a
command in `commands_faults.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trader.simulator.messages import Message
from trader.simulator.registry import NAME_OF_MESSAGE

EFFECTS = ("drop", "duplicate", "corrupt", "rewrite", "delay")
SURPLUS_FIELD = "corrupted"


@dataclass(slots=True)
class Rule:
    """One effect on one kind of message, so many times (None: for ever)."""

    effect: str
    kind: str
    times: int | None = None
    seconds: float = 0.0
    position: int = 0  # rewrite: which field, the message's number being field 0
    text: str = ""  # rewrite: what it says instead

    def applies(self, kind: str) -> bool:
        """Say whether the rule concerns this message, and count it down if so."""
        if kind != self.kind or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def _rewritten(message: Message, rule: Rule) -> Message:
    """Let one field say something else; a message that is shorter stays as it is."""
    if rule.position >= len(message):
        return message
    return (*message[: rule.position], rule.text, *message[rule.position + 1 :])


@dataclass(slots=True)
class Trap:
    """Springs at the nth request of a kind: 'hold' withholds its answers, 'disconnect' closes the socket."""

    effect: str
    kind: str
    nth: int = 1
    answered: bool = False  # disconnect: whether the answers to that request are still sent

    def springs(self, kind: str) -> bool:
        """Count one request, and say whether it is the one."""
        if kind != self.kind or self.nth == 0:
            return False
        self.nth -= 1
        return self.nth == 0


@dataclass(slots=True)
class Faults:
    """Everything that is set to go wrong; a new one is a gateway in order."""

    rules: list[Rule] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)
    ignored: list[Rule] = field(default_factory=list)  # requests that are swallowed unread
    changes: list[tuple[str, int, str]] = field(default_factory=list)  # of the next ones: refuse or double, code, text
    silent_after: str = ""  # '' | connect | handshake: new connections get nothing beyond it
    connectivity_lost: bool = False
    read_only: bool = False
    market_data_type: int | None = None  # delivered whatever was asked for
    data_refused: tuple[int, str] | None = None  # what a request for quotes is answered
    borrowable: dict[str, int | None] = field(default_factory=dict)  # shares by symbol, else plenty; None: not told
    figures: dict[tuple[str, str], str | None] = field(
        default_factory=dict
    )  # account values overridden; None: left out

    def deliveries(self, message: Message) -> Iterator[tuple[float, Message]]:
        """Yield what becomes of one message: each copy with the seconds it is late."""
        kind = NAME_OF_MESSAGE[message[0]]
        copies, late = [message], 0.0
        for rule in self.rules:
            if not rule.applies(kind):
                continue
            match rule.effect:
                case "drop":
                    copies = []
                case "duplicate":
                    copies = copies * 2
                case "corrupt":
                    copies = [(*copy, SURPLUS_FIELD) for copy in copies]
                case "rewrite":
                    copies = [_rewritten(copy, rule) for copy in copies]
                case _:  # delay
                    late += rule.seconds
        yield from ((late, copy) for copy in copies)

    def ignores(self, kind: str) -> bool:
        """Say whether a request is swallowed."""
        return any(rule.applies(kind) for rule in self.ignored)

    def sprung(self, kind: str) -> Trap | None:
        """Count a request that was carried out, and return the trap that it sprang."""
        sprung = [trap for trap in self.traps if trap.springs(kind)]
        self.traps = [trap for trap in self.traps if trap.nth]
        return sprung[0] if sprung else None
