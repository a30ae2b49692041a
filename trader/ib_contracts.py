"""Which contracts are meant, and in what steps they trade: the universe, and pairs of its currencies.

What the settings name is looked up at every connection: a ticker that has moved on to another company is refused, never
followed. What is held outside the universe is defined as it is met (`ib_recovery.definitions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.events import ContractDefined, PriceIncrement
from trader import ib_rows
from trader.broker import BrokerIncomplete, BrokerRefused, ContractSpec, pair_spec
from trader.ib_wire import Wire

Known = Mapping[int, ContractDefined]


class Catalogue:
    """The contracts of one session, and their exchanges' price rules, each asked once."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.price_rules: dict[int, tuple[PriceIncrement, ...]] = {}

    def universe(self, universe: tuple[ContractSpec, ...], known: Known) -> tuple[ContractDefined, ...]:
        """Define what the settings name: exactly one contract each, and the same as ever."""
        answers = self.wire.definitions(universe)
        return tuple(self._wanted(spec, answer, known) for spec, answer in zip(universe, answers, strict=True))

    def _wanted(self, spec: ContractSpec, answer: Any, known: Known) -> ContractDefined:
        if isinstance(answer, TimeoutError):
            raise BrokerIncomplete("no-answer", f"contract {spec.symbol}: no answer")
        found: Any = () if isinstance(answer, BaseException) else answer
        if len(found) != 1:
            raise BrokerRefused("unknown-contract", f"{spec}: expected one contract, found {len(found)}")
        if found[0].priceMagnifier not in (0, 1):
            told = f"its prices are quoted in units of 1/{found[0].priceMagnifier} of {spec.currency}"
            raise BrokerRefused("quoted-in-parts", f"{spec}: expected prices in {spec.currency}, found that {told}")
        defined = self._defined(found[0])
        if (defined.symbol, defined.currency) != (spec.symbol, spec.currency) or not spec.names(defined):
            told = f"{defined.symbol} in {defined.currency}, con_id {defined.con_id}"
            raise BrokerRefused("unknown-contract", f"{spec}: found {told}")
        others = [c.con_id for c in known.values() if spec.names(c) and c.con_id != defined.con_id]
        if others:  # the ticker moved on to another company, or means two: neither is guessed
            expected = f"expected con_id {others[-1]} as in the log, found {defined.con_id}"
            raise BrokerRefused("contract-changed", f"{spec}: {expected}")
        return defined

    def pairs(self, currencies: Iterable[str], base: str) -> tuple[ContractDefined, ...]:
        """Define the pair of each foreign currency with the base currency; the broker quotes it one way only."""
        foreign = sorted(set(currencies) - {base})
        specs = [spec for currency in foreign for spec in (pair_spec(currency, base), pair_spec(base, currency))]
        answers = self.wire.definitions(specs) if specs else []
        if any(isinstance(answer, TimeoutError) for answer in answers):
            raise BrokerIncomplete("no-answer", f"pairs of {base} with {', '.join(foreign)}: no answer")
        whole = (answer for answer in answers if not isinstance(answer, BaseException) and len(answer) == 1)
        return tuple(self._defined(answer[0]) for answer in whole)

    def _defined(self, details: Any) -> ContractDefined:
        """Read a definition with the price rule of its exchange."""
        rule = ib_rows.market_rule_of(details)
        if rule is not None and rule not in self.price_rules:
            self.price_rules[rule] = ib_rows.price_increments(self.wire.market_rule(rule), rule)
        return ib_rows.contract_defined(details, () if rule is None else self.price_rules[rule])
