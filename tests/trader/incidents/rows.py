"""Which test proves which row: of the incidents of other systems, and of the catalogue of what a server does.

`FILES` shortens the names of files under tests/. A row names its tests as `FILE:function`, or says why there is none;
`test_rows.py` watches that every row of the two sheets stands here, that every test exists, and that docs/faults.md is
what `python tests/trader/incidents/rows.py` writes. To add a row: here, then write the page.
"""

# ruff: noqa: E501 - a row a line

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FILES = {
    "broker": "trader/incidents/test_at_the_broker.py",
    "cycles": "trader/incidents/test_in_cycles.py",
    "days": "trader/incidents/test_over_days.py",
    "catalogue": "trader/incidents/test_catalogue.py",
    "faults": "trader/test_ib_faults.py",
    "orders": "trader/test_ib_order_faults.py",
    "answers": "trader/test_ib_orders.py",
    "rows": "trader/test_ib_rows.py",
    "contract": "trader/broker_contract.py",
    "gateway": "trader/cycles/test_gateway.py",
    "hands": "trader/cycles/test_outside_hands.py",
    "modify": "trader/cycles/test_modify.py",
    "policy": "trader/cycles/test_policy.py",
    "names": "trader/cycles/test_same_names.py",
    "input": "trader/cycles/test_bad_input.py",
    "doubt": "trader/kills/test_doubt.py",
    "kills": "trader/kills/test_kills.py",
    "hours": "trader/kills/test_bad_hours.py",
    "parent": "trader/test_parent.py",
    "ends": "trader/cycles/test_abnormal_ends.py",
    "safeguards": "trader/safeguards/test_each_safeguard.py",
    "simulator": "trader/simulator/test_control_faults.py",
    "peers": "trader/simulator/test_peers.py",
    "steps": "trader/cycles/test_rules_of_orders.py",
    "injections": "reconcile/test_injections.py",
    "slots": "trader/cycles/test_slots.py",
    "bars": "trader/test_bars.py",
    "flex": "trader/test_flex.py",
}


@dataclass(frozen=True)
class Row:
    """One row: its id or number, what it is about, its tests, and why it has none or not all."""

    name: str
    about: str
    tests: tuple[str, ...] = ()
    why_not: str = ""


def _incident(name: str, about: str, *tests: str, why_not: str = "") -> Row:
    return Row(name, about, tests, why_not)


INJECTED = "injections:test_a_hundred_and_fifty_cases_are_told_by_the_api_and_with_the_statement"
INCIDENTS: tuple[Row, ...] = (
    _incident("psts_1580", "called cancelled by the library, filled by the broker"),
    _incident("psts_1249", "every order is refused"),
    _incident("psts_1661", "a commission that comes late, never, or is none", "catalogue:test_a_commission_of_nothing_or_less_is_a_commission"),
    _incident("psts_q5_expired", "a position outside what the settings know"),
    _incident("psts_q9_base", "totals beside the currencies"),
    _incident("psts_932", "a limit that stops a trade says so"),
    _incident("psts_928", "input of another day"),
    _incident("ntl_4228_pos", "positions do not come"),
    _incident("ntl_4228_ord", "open orders do not come"),
    _incident("ntl_3476", "a partial fill beside a snapshot"),
    _incident("ntl_3176", "five restarts with a position"),
    _incident("ntl_4247", "one order id, two clients"),
    _incident("ntl_4564", "one order, two permanent ids"),
    _incident("ntl_3493", "the execution comes after its status"),
    _incident("ntl_5041", "the execution comes before its order"),
    _incident("ntl_3104", "a position older than any history"),
    _incident("vibe_667", "the broker leaves a position out"),
    _incident("lean_249", "connectivity is lost amid fills"),
    _incident(
        "lean_242", "orders to a dying socket; ids roll back",
        "doubt:test_the_order_id_only_rises_even_over_a_gateway_that_forgot_them",
    ),
    _incident("lean_247", "the gateway is down for days", "gateway:test_a_gateway_that_is_down_is_mailed_once_with_the_last_figures"),
    _incident("lean_156", "the broker liquidates"),
    _incident("lean_186", "the portfolio comes twice"),
    _incident("lean_200", "cash that is counted twice"),
    _incident("lean_8726", "cash settles overnight"),
    _incident("lean_5325", "a split overnight", INJECTED),
    _incident("ft_4470", "a trade by hand"),
    _incident("ft_13399", "another order's fill"),
    _incident("ft_8913", "no answer to an order"),
    _incident("ft_11726", "the drawdown's formula"),
    _incident("tg_711", "an order is refused"),
    _incident("tg_709", "a refusal without its order"),
    _incident("tg_617", "the account never ends"),
    _incident("tg_679", "no bars"),
    _incident("tg_reprice", "an order without its terms"),
    _incident("ml4t_cfg", "a limit that nobody reads", "safeguards:test_every_limit_is_read_by_sizing_or_by_a_safeguard"),
    _incident("ml4t_state", "a halt that cannot be read"),
    _incident("ml4t_reduce", "a limit against a reduction"),
    _incident("ibi_364", "an execution is corrected"),
    _incident("ibi_502", "a change is refused"),
    _incident("ibi_363", "a fill while cancelling"),
    _incident("iba_84", "connected, and nothing there"),
    _incident("ib_frac", "a fraction is sold, under a new contract", INJECTED),
    _incident("crash_k", "killed anywhere"),
    _incident(
        "clock_skew", "the host's clock, the change of the clocks",
        "hours:test_the_slots_on_each_side_of_a_change_of_the_clocks_run_by_the_exchanges_hour",
    ),
    _incident("overlap", "two starts at once"),
    _incident("mail_down", "the mail server refuses"),
)  # fmt: skip

ENDED = "catalogue:test_no_code_ends_an_order_that_works"
BY_TICK = "steps:test_by_the_smallest_tick_alone_the_exchange_refuses"
IN_LOTS = "steps:test_orders_stand_where_the_exchange_takes_them_in_lots_that_it_trades"
REFUSED = "catalogue:test_a_refusal_ends_its_order_whatever_its_code"
NOTICE = "catalogue:test_notices_of_the_gateway_stop_nothing"
OFFLINE = "faults:test_without_ib_behind_the_gateway_nothing_is_asked_or_sent"
SILENT = "faults:test_a_gateway_that_accepts_and_stays_silent_is_unreachable"
NO_END = "faults:test_an_observation_without_its_end_is_no_observation"
NOT_READY = "faults:test_an_account_that_is_not_ready_is_not_observed"
NO_PRICE = "rows:test_no_price_is_none_and_never_zero"
HELD = "orders:test_a_warning_does_not_end_a_live_order"


def _row(number: int, about: str, *tests: str, why_not: str = "") -> Row:
    return Row(str(number), about, tests, why_not)


CATALOGUE: tuple[Row, ...] = (
    _row(1, "nightly reset: 1100, then 1101 or 1102", OFFLINE, "gateway:test_connectivity_that_is_lost_stops_the_cycle"),
    _row(2, "1101 data lost, 1102 maintained", "simulator:test_connectivity_is_lost_and_restored"),
    _row(3, "fills while connectivity is lost", "broker:test_lean_249_fills_that_came_while_ib_was_away_are_recovered"),
    _row(
        4, "the gateway restarts",
        "catalogue:test_a_connection_under_the_same_id_finds_its_orders_after_a_restart",
        "faults:test_a_client_id_in_use_is_told_at_once_and_by_name",
    ),
    _row(
        5, "orders vanish and ids roll back",
        "doubt:test_the_order_id_only_rises_even_over_a_gateway_that_forgot_them",
    ),
    _row(6, "a cold restart waits for 2FA", "faults:test_a_gateway_that_is_down_is_unreachable", SILENT),
    _row(7, "up, and not logged in", SILENT),
    _row(8, "the client id is in use", "faults:test_a_client_id_in_use_is_told_at_once_and_by_name"),
    _row(9, "client 0 and others' orders", "contract:test_foreign_orders_are_never_cancelled"),
    _row(10, "paper and live are mixed up", "faults:test_a_live_account_does_not_enter_a_paper_log"),
    _row(11, "read-only", "faults:test_a_read_only_gateway_is_named"),
    _row(12, "answers that never end", NO_END, "faults:test_a_second_try_cures_an_answer_that_was_lost_once"),
    _row(13, "the account is not ready", NOT_READY),
    _row(14, "farms come and go", NOTICE),
    _row(15, "a question before the farms are up", "faults:test_a_second_try_cures_an_answer_that_was_lost_once"),
    _row(16, "more than 50 messages a second", why_not="never reached: the client library's own throttle stays on"),
    _row(17, "another port", NOTICE),
    _row(18, "a socket that is half open", "faults:test_a_connection_that_dies_while_asking_is_lost", SILENT),
    _row(19, "messages that cannot be read", "faults:test_a_message_that_cannot_be_read_makes_the_answer_incomplete"),
    _row(20, "a version that is supported no more", why_not="a text to its user: no layout of it is known to inject"),
    _row(21, "an order is refused", REFUSED),
    _row(22, "a cancel is confirmed", "contract:test_our_orders_are_cancelled_to_confirmation"),
    _row(23, "a fill while cancelling", "broker:test_ibi_363_a_fill_while_it_is_cancelled_is_booked"),
    _row(24, "a cancel of something unknown", ENDED),
    _row(25, "161, 135 and 136", ENDED),
    _row(26, "an id that was used", ENDED),
    _row(27, "an id beyond 32 bits", why_not="ids rise by one a day's orders from the gateway's own next id"),
    _row(28, "a change that is refused", ENDED),
    _row(29, "a change that fails leaves the order", "broker:test_ibi_502_a_refused_change_does_not_end_the_order_that_works"),
    _row(30, "one order becomes two", "doubt:test_ntl_4564_an_order_that_the_broker_made_twice_is_tracked_cancelled_and_told"),
    _row(31, "a price off the tick", "orders:test_a_price_off_the_tick_is_a_rejection", BY_TICK),
    _row(32, "a size that is refused", REFUSED, IN_LOTS),
    _row(33, "precautionary limits", REFUSED),
    _row(34, "a preset changes the order", HELD),
    _row(35, "a warning, and the order works", HELD, ENDED),
    _row(36, "no shares to borrow", ENDED),
    _row(37, "inactive", "answers:test_what_was_heard_decides_an_order"),
    _row(38, "no word of an order", "orders:test_an_order_without_an_answer_is_in_doubt"),
    _row(39, "a dialog swallows orders", "broker:test_ft_8913_an_order_without_an_answer_stops_the_next_one"),
    _row(40, "permanent id 0 at first", "answers:test_every_permanent_id_of_an_order_is_taken_down"),
    _row(
        41, "statuses missing, double or late",
        "orders:test_everything_told_twice_is_recorded_once",
        "broker:test_ntl_3493_an_execution_that_comes_after_its_status_is_booked_once",
    ),
    _row(42, "a filled order is listed as open", "contract:test_a_fill_while_cancelling_is_booked_and_ends_the_order"),
    _row(43, "orders of somebody else", "hands:test_an_order_of_somebody_else_locks_its_contract_unless_told_otherwise"),
    _row(44, "orders belong to their client", "contract:test_foreign_orders_are_never_cancelled"),
    _row(45, "20 orders a contract and side", REFUSED),
    _row(46, "no permission, unknown contract", REFUSED),
    _row(47, "Adaptive and its terms", "answers:test_an_order_carries_account_reference_time_in_force_and_algorithm"),
    _row(
        48, "what-if: bogus, unset, refused",
        "rows:test_a_first_bogus_preview_is_replaced_by_the_real_one",
        "orders:test_a_preview_without_figures_is_not_accepted",
    ),
    _row(49, "defaults of an old client", REFUSED, "peers:test_a_client_that_is_not_ours_trades_as_it_stands"),
    _row(50, "a late commission", "broker:test_psts_1661_a_commission_that_never_comes_is_pending_and_never_zero"),
    _row(51, "a commission before its execution", "catalogue:test_a_commission_that_overtakes_its_execution_is_booked_with_it", "rows:test_a_commission_before_its_execution_waits_for_it"),
    _row(52, "executions again on every connection", "broker:test_ntl_3176_five_restarts_change_nothing"),
    _row(53, "corrections", "broker:test_ibi_364_a_correction_takes_the_place_of_what_it_corrects"),
    _row(54, "executions only since midnight", "orders:test_an_undecided_order_of_an_earlier_day_stays_in_doubt"),
    _row(55, "unset numbers", NO_PRICE, "catalogue:test_an_unset_commission_is_none_that_has_come"),
    _row(56, "a part fills, then the link ends", "broker:test_lean_249_fills_that_came_while_ib_was_away_are_recovered"),
    _row(57, "combinations", "rows:test_other_accounts_and_combination_rows_are_left_out"),
    _row(58, "positions lag behind fills", "orders:test_positions_that_contradict_the_account_download_are_incomplete"),
    _row(59, "figures every three minutes", "policy:test_a_nav_that_marks_and_rates_do_not_explain_reduces_only"),
    _row(60, "positions of zero", "catalogue:test_a_position_that_was_closed_is_flat_on_both_sides"),
    _row(61, "average costs", why_not="never read: cost comes from our own lots"),
    _row(62, "prices unset", NO_PRICE),
    _row(63, "totals beside currencies", "rows:test_the_total_row_is_never_added_to_the_currencies"),
    _row(64, "currency pairs as positions", "catalogue:test_a_position_of_a_currency_pair_is_none", "rows:test_virtual_currency_positions_are_no_positions"),
    _row(65, "futures and NAV", INJECTED),
    _row(66, "dividends, splits, fees", "policy:test_what_differs_of_one_contract_locks_it_and_others_trade", INJECTED),
    _row(67, "a second subscription", NOTICE),
    _row(68, "an order id of two sessions", "broker:test_ntl_4247_one_order_id_of_two_clients_is_two_orders"),
    _row(69, "unknown or ambiguous contracts", "names:test_another_contract_of_the_same_name_takes_nobodys_place"),
    _row(70, "no subscription, delayed", "faults:test_delayed_quotes_are_told_as_such"),
    _row(71, "a session elsewhere", "catalogue:test_while_another_session_takes_the_data_there_is_no_price"),
    _row(72, "no price, -1, halted", NO_PRICE, "rows:test_a_halt_is_what_ib_says_it_is"),
    _row(73, "other data than asked for", "faults:test_delayed_quotes_are_told_as_such"),
    _row(74, "a snapshot that never ends", "faults:test_a_quote_that_does_not_end_has_no_price"),
    _row(75, "no history", "cycles:test_tg_679_without_bars_nothing_is_decided"),
    _row(76, "the last bar is not whole", "contract:test_daily_bars_end_before_the_day_that_is_asked"),
    _row(77, "too many tickers, unknown ids", why_not="a cycle asks for snapshots of its universe and never cancels one"),
    _row(78, "names of time zones", "peers:test_a_client_that_is_not_ours_trades_as_it_stands"),
)  # fmt: skip

# Rows that no server can show by itself.
WITHOUT_SCENARIO = {
    "psts_932": "a limit of ours", "psts_928": "a file of ours", "tg_reprice": "an order that we build",
    "ml4t_cfg": "a limit of ours", "ml4t_state": "a file of ours", "clock_skew": "our clock", "overlap": "our own starts",
    "mail_down": "the mail server", "16": "the client's own throttle", "20": "no layout of it is known",
    "27": "an id that we choose", "57": "combinations are not simulated", "61": "never read",
    "65": "a future is held or not", "76": "the bar of today is always there", "77": "requests that we choose",
    "78": "what the session says of its zone",
}  # fmt: skip

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "faults.md"
BY_ID = (
    "modify",
    "broker",
    "cycles",
    "days",
    "doubt",
    "kills",
    "hours",
    "parent",
)  # where incidents have tests that bear their id
HEAD = """# Faults, and the tests that prove them

Written by `python tests/trader/incidents/rows.py`; the tests run the real client
library against the simulator wherever a server is part of the matter. Paths are under `tests/`. A scenario lets the simulator do
it by itself: `tallybook simulator --scenario NAME`.

"""


def functions(file: str) -> list[str]:
    """Every test of a file."""
    return re.findall(r"^ *def (test_\w+)", (TESTS / FILES[file]).read_text(encoding="utf-8"), re.MULTILINE)


def proofs(row: Row) -> tuple[str, ...]:
    """A row's tests: those that it names, after those that bear its id."""
    return (*by_id(row), *row.tests)


def by_id(row: Row) -> tuple[str, ...]:
    """The tests that bear a row's id."""
    own = (f"{file}:{name}" for file in BY_ID for name in functions(file))
    return tuple(test for test in own if test.partition(":")[2].startswith(f"test_{row.name}_"))


def scenario(row: Row) -> str:
    """The name of a row's packaged scenario."""
    return f"catalogue_{int(row.name):02}" if row.name.isdecimal() else row.name


def page() -> str:
    """The whole page."""
    parts = (("Incidents of other systems", "id", INCIDENTS), ("What a server does", "#", CATALOGUE))
    return HEAD + "\n".join(_table(*part) for part in parts)


def _table(title: str, key: str, rows: tuple[Row, ...]) -> str:
    lines = [f"## {title}", "", f"| {key} | what | scenario | test, or why there is none |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.about} | {_played(row)} | {_told(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _played(row: Row) -> str:
    return f"none: {WITHOUT_SCENARIO[row.name]}" if row.name in WITHOUT_SCENARIO else f"`{scenario(row)}`"


def _told(row: Row) -> str:
    tests = [test.partition(":") for test in proofs(row)]
    told = [f"`{FILES[file]}::{name}`" for file, _, name in tests]
    return "<br>".join([*told, *([row.why_not] if row.why_not else [])])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
