"""What is to come: flows that the operator announced, distributions and splits that a source told.

None of it moves money: it is kept until it has come, is cancelled, or is long over. To keep another announcement: its
dict in the state, its effect here.
"""

from __future__ import annotations

from datetime import timedelta

from ledger.effects.changes import Effect
from ledger.events import (
    CashDeposited,
    CashWithdrawn,
    DistributionDeclared,
    Fact,
    FlowCancelled,
    FlowExpected,
    SplitDeclared,
)
from ledger.line import Event
from ledger.state import Impossible, State

KEPT = timedelta(days=120)  # after the ex-date: what is paid later than that, a person looks at


def _expected(state: State, event: Event) -> None:
    fact: FlowExpected = event.fact  # type: ignore[assignment]
    if not fact.amount:
        raise Impossible("a flow that is expected: expected an amount, found 0")
    state.flows_expected += 1
    state.flows[f"F-{state.flows_expected}"] = fact


def _cancelled(state: State, event: Event) -> None:
    fact: FlowCancelled = event.fact  # type: ignore[assignment]
    if state.flows.pop(fact.flow_id, None) is None:
        listed = ", ".join(state.flows) or "none"
        raise Impossible(f"flow {fact.flow_id}: expected one that is still expected ({listed}), found no such flow")


def arrived(state: State, fact: CashDeposited | CashWithdrawn) -> tuple[str, FlowExpected] | None:
    """Expect a flow no longer once it has come, and return it: by its name, else the first of its amount."""
    if fact.replaces is not None:
        return None  # what it takes the place of was the flow's arrival
    named = fact.reference.rpartition("/")[2]
    alike = (name for name, flow in state.flows.items() if (flow.amount, flow.currency) == (fact.amount, fact.currency))
    name = named if named in state.flows else next(alike, "")
    flow = state.flows.pop(name, None)
    return None if flow is None else (name, flow)


def expected_again(state: State, name: str, flow: FlowExpected) -> None:
    """Expect a flow again in its old place: what was taken for it never came."""
    flows = {**state.flows, name: flow}
    state.flows = {each: flows[each] for each in sorted(flows, key=lambda each: int(each.rpartition("-")[2]))}


def _distribution(state: State, event: Event) -> None:
    fact: DistributionDeclared = event.fact  # type: ignore[assignment]
    before = event.at.date() - KEPT
    for name in [name for name, told in state.distributions.items() if (told.pay_date or told.ex_date) < before]:
        del state.distributions[name]
    state.distributions[f"{fact.con_id}/{fact.ex_date}"] = fact


def _split(state: State, event: Event) -> None:
    fact: SplitDeclared = event.fact  # type: ignore[assignment]
    before = event.at.date() - KEPT
    for name in [name for name, told in state.splits.items() if told.ex_date < before]:
        del state.splits[name]
    state.splits[f"{fact.con_id}/{fact.ex_date}"] = fact


EFFECTS: tuple[tuple[type[Fact], Effect], ...] = (
    (FlowExpected, _expected),
    (FlowCancelled, _cancelled),
    (DistributionDeclared, _distribution),
    (SplitDeclared, _split),
)
