"""Money that the owner put in or took out: announced, or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from ledger.events import CashDeposited, CashWithdrawn, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.lots import EXACT
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.income import today


def announced_flow(case: Case) -> Iterator[Candidate]:
    """Flows that the operator expects, as they were announced; what banks take off on the way is a fee."""
    for currency, difference in case.differences("cash").items():
        for flow_id, flow in case.book.flows.items():
            if flow.currency != currency:
                continue
            is_late = flow.until < today(case.book)
            until = f", until {flow.until}" if is_late else ""
            speaks = (f"you expect {money(flow.amount)} {currency} ({flow_id}{until})",)
            told = _flow(case, currency, flow.amount, flow_id, "possible" if is_late else "likely", speaks)
            # It has come if most of the difference is gone with it: then what leaves it out has to explain as much.
            has_come = abs(EXACT.subtract(difference, flow.amount)) * 2 < abs(difference)
            yield replace(told, due=(flow_id,)) if has_come and not is_late else told


def unannounced_flow(case: Case) -> Iterator[Candidate]:
    """Deposits and withdrawals that nobody announced: the whole difference that is left."""
    for currency, difference in case.differences("cash").items():
        name = f"flow/{currency}/{decimal_text(difference)}"
        yield _flow(case, currency, difference, name, "possible", ("nobody announced it",))


def _flow(
    case: Case, currency: str, amount: Decimal, name: str, certainty: Certainty, evidence: tuple[str, ...]
) -> Candidate:
    kind: type[CashDeposited | CashWithdrawn] = CashDeposited if amount > 0 else CashWithdrawn
    fact = kind(
        source=case.origin.source, reference=case.origin.named(name), amount=amount, currency=currency,
        provisional=True,
    )  # fmt: skip
    cause = "deposit" if amount > 0 else "withdrawal"
    return Candidate(cause, certainty, (fact,), f"{cause} {money(amount)} {currency}", evidence)
