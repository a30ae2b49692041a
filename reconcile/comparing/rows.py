"""Two tables of figures side by side: what only one side has is zero on the other, if that one was told whole."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeVar

from ledger.lots import EXACT, ZERO

NOT_REPORTED, UNKNOWN = "not reported", "unknown"
INFORMATION = Decimal("Infinity")  # told, and never a difference

# kind, how far both may be apart, and why.
KINDS: tuple[tuple[str, Decimal, str], ...] = (
    ("position", ZERO, "units are counted"),
    ("basis", Decimal("0.02"), "the broker rounds a basis to six digits for each lot, and sums what it rounded"),
    ("cash", Decimal("0.005"), "half a cent: balances are told to more digits than money has; the API rounds to cents"),
    ("cash line", Decimal("0.01"), "the lines of a cash report are sums of rounded rows"),
    ("realised", Decimal("0.02"), "the broker rounds each closing to six digits"),
    ("commission", Decimal("0.01"), "rounded for each execution"),
    ("execution", ZERO, "units are counted"),
    ("dividend", Decimal("0.01"), "paid in whole cents"),
    ("tax", Decimal("0.01"), "withheld in whole cents"),
    ("interest", Decimal("0.01"), "paid in whole cents"),
    ("fee", Decimal("0.01"), "charged in whole cents"),
    ("nav line", Decimal("0.01"), "sums of rounded rows"),
    ("nav", ZERO, "computed: by a statement half of the last digit of each mark and rate, times what it multiplies, and"
     " a cent; by the API the setting `nav_share`, for its parts are of different moments"),
    ("exposure", ZERO, "computed: as NAV by the API"),
    ("average cost", INFORMATION, "IB averages what our method may take lot by lot: it informs, and never differs"),
)  # fmt: skip
ALLOWED = {kind: amount for kind, amount, _ in KINDS}

Figure = Decimal | str  # or why there is none
K = TypeVar("K", bound=Hashable)


class Row(NamedTuple):
    """One figure on both sides."""

    kind: str
    key: str
    own: Figure
    broker: Figure
    tolerance: Decimal
    pending: Decimal = ZERO  # how much more ours may be: what the broker has charged, and not told yet
    subject: str = ""  # what a break of it is of: a con_id, a currency, an execution's base

    @property
    def difference(self) -> Decimal | None:
        """Own minus the broker's; None where a side is not told."""
        if isinstance(self.own, Decimal) and isinstance(self.broker, Decimal):
            return EXACT.subtract(self.own, self.broker)
        return None

    @property
    def differs(self) -> bool:
        """Whether they are further apart than may be."""
        apart = self.difference
        return apart is not None and not -self.tolerance <= apart <= EXACT.add(self.tolerance, self.pending)


def paired(
    kind: str,
    own: Mapping[K, Figure] | None,
    broker: Mapping[K, Figure] | None,
    *,
    name: Callable[[K], str] = str,
    tolerance: Decimal | None = None,
    pending: Mapping[K, Decimal] | None = None,
) -> Iterator[Row]:
    """Yield a row for each figure that a side has, by its name; None for a side that told, or can tell, nothing."""
    apart = ALLOWED[kind] if tolerance is None else tolerance
    if not own and broker is None:
        yield Row(kind, "", UNKNOWN if own is None else ZERO, NOT_REPORTED, apart)
    keys = {key: name(key) for key in (*(broker or {}), *(own or {}))}
    for key in sorted(keys, key=keys.__getitem__):
        ours = UNKNOWN if own is None else own.get(key, ZERO)
        more = (pending or {}).get(key, ZERO)
        theirs = NOT_REPORTED if broker is None else broker.get(key, ZERO)
        yield Row(kind, keys[key], ours, theirs, apart, more, str(key))
