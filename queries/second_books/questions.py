"""Which facts the second bookkeeping books, which it does not, and the questions that add them up.

To book another type of fact, name it in `BOOKED` and let a question read it. The tables of `PREPARED` are made one
after the other; the other questions read them. Braces are filled with decimal places, and with lists of types.
"""

from __future__ import annotations

# Said here again, on purpose: the fold has its own.
PAID = ("STK", "OPT", "FOP", "BOND", "BILL", "FUND", "WAR", "IOPT", "CRYPTO", "CMDTY")  # cash moves with the trade
CASH = (
    "dividend_paid", "payment_in_lieu_paid", "tax_withheld", "interest_paid", "fee_charged", "commission_adjusted",
    "return_of_capital_paid", "cash_deposited", "cash_withdrawn", "variation_settled", "cash_adjusted",
)  # fmt: skip
BOOKED = (
    *CASH, "order_filled", "commission_charged", "fill_busted", "proceeds_settled", "transaction_tax_charged",
    "currency_converted", "opening_balance_recorded", "position_adjusted", "contract_defined",
)  # fmt: skip
EXECUTIONS = (
    "order_filled", "commission_charged", "fill_busted", "proceeds_settled", "transaction_tax_charged",
)  # fmt: skip
OTHER_LOTS = ("lot_method_set", "lots_specified", "opening_lots_recorded", "return_of_capital_paid", "cost_adjusted")
OTHER_POSITIONS = (
    "split_applied", "stock_dividend_applied", "spin_off_applied", "basis_allocated", "merger_applied",
    "tender_applied", "contract_renamed", "contract_delisted", "option_exercised", "option_assigned", "option_expired",
    "position_transferred",
)  # fmt: skip
EXERCISES = ("option_exercised", "option_assigned")
WITHOUT_MONEY = (
    "wash_sale_observed", "dividend_accrued", "dividend_accrual_reversed", "interest_accrued", "statement_imported",
    "statement_missed", "action_pending",
)  # fmt: skip
GROUPS_WITHOUT_MONEY = (
    "announcements", "continuity", "cycle", "day", "decisions", "incidents", "observations", "operator", "orders",
    "reconciliation",
)  # fmt: skip
UNDOING = ("acceptance_taken_back", "statement_reconciled")
READ = tuple(dict.fromkeys((*BOOKED, *OTHER_LOTS, *OTHER_POSITIONS, *UNDOING)))
FIELDS = (
    "con_id", "quantity", "price", "currency", "execution_id", "amount", "symbol", "security_type", "multiplier",
    "name", "replaces", "method", "sold", "sold_currency", "bought", "bought_currency", "successor_con_id",
    "child_con_id", "underlying_con_id", "break_id", "withdraws", "reversed", "quantity_change", "successor_quantity",
    "child_quantity", "underlying_quantity", "cash", "strike", "commission",
)  # fmt: skip

PREPARED = r"""
-- Told twice is once: the first telling of a key counts.
CREATE TABLE once AS
    SELECT * FROM told WHERE key IS NOT NULL AND type IN ({rest})
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY seq) = 1
    UNION ALL SELECT * FROM told WHERE key IS NULL AND type IN ({rest});
CREATE TABLE undone AS
    SELECT unnest(from_json(withdraws, '["VARCHAR"]')) AS key FROM once WHERE type = 'acceptance_taken_back'
    UNION SELECT replaces FROM once WHERE replaces IS NOT NULL
    UNION SELECT told_away.key FROM (SELECT unnest(from_json(reversed, '[{{"key": "VARCHAR"}}]')) AS told_away
        FROM once WHERE type = 'statement_reconciled');
CREATE TABLE revised AS SELECT seq, type, moment, con_id, quantity, price, currency, amount, name,
    part.base AS base, part.revision::BIGINT AS revision
    FROM (SELECT *, regexp_extract(execution_id, '^(.+)\.([0-9]+)$', ['base', 'revision']) AS part FROM told
        WHERE type IN ('order_filled', 'commission_charged', 'fill_busted', 'proceeds_settled',
            'transaction_tax_charged'));
-- The highest revision counts; a bust takes back its own revision and those before it.
CREATE TABLE standing AS SELECT * FROM (SELECT * FROM revised WHERE seq IN (
        SELECT arg_max(seq, revision::HUGEINT * 1000000000000 - seq) FROM revised
        WHERE type = 'order_filled' GROUP BY base)) AS f
    WHERE NOT EXISTS (SELECT 1 FROM revised AS b
        WHERE b.type = 'fill_busted' AND b.base = f.base AND b.revision >= f.revision);
CREATE TABLE charged AS SELECT type, base, currency, amount::DECIMAL(38,{a}) AS amount FROM revised
    WHERE seq IN (SELECT arg_max(seq, revision::HUGEINT * 1000000000000 - seq) FROM revised
        WHERE type IN ('commission_charged', 'transaction_tax_charged') GROUP BY type, base, name);
CREATE TABLE settled AS SELECT base, revision, any_value(amount)::DECIMAL(38,{g}) AS amount FROM revised
    WHERE type = 'proceeds_settled' GROUP BY base, revision;
CREATE TABLE contracts AS SELECT con_id, arg_max(security_type, seq) AS kind, arg_max(symbol, seq) AS pair,
    arg_max(currency, seq) AS money, arg_max(multiplier, seq)::DECIMAL(38,{m}) AS factor,
    count(DISTINCT concat_ws('/', security_type, currency, multiplier)) > 1 AS changed
    FROM told WHERE type = 'contract_defined' GROUP BY con_id;
CREATE TABLE trades AS
    SELECT f.con_id, kind, pair, f.currency, f.moment, f.base AS place, f.base AS execution, f.revision,
        f.quantity::DECIMAL(38,{q}) AS quantity,
        CASE WHEN p.amount IS NULL
            THEN (f.quantity::DECIMAL(38,{q}) * f.price::DECIMAL(38,{p}) * factor)::DECIMAL(38,{g})
            ELSE (-p.amount)::DECIMAL(38,{g}) END AS gross,
        k.cost, p.amount IS NULL AS plain, true AS is_paid
    FROM standing AS f JOIN contracts USING (con_id)
    LEFT JOIN (SELECT base, currency, sum(amount) AS cost FROM charged GROUP BY ALL) AS k
        ON k.base = f.base AND k.currency = f.currency
    LEFT JOIN settled AS p ON p.base = f.base AND p.revision = f.revision
    UNION ALL
    SELECT o.con_id, kind, pair, o.currency, o.moment, coalesce(o.break_id, ''), coalesce(o.break_id, 'opening'),
        CASE WHEN o.break_id IS NULL THEN 0 ELSE o.seq END, o.quantity::DECIMAL(38,{q}), o.amount::DECIMAL(38,{g}),
        NULL, false, false
    FROM once AS o JOIN contracts USING (con_id) WHERE o.type IN ('opening_balance_recorded', 'position_adjusted')
        AND coalesce(o.key, 'adjustment/' || o.break_id, '') NOT IN (SELECT key FROM undone);
CREATE TABLE running AS SELECT *,
    sum(CASE WHEN quantity > 0 THEN quantity END) OVER so_far AS bought,
    sum(CASE WHEN quantity < 0 THEN -quantity END) OVER so_far AS sold
    FROM trades WHERE kind <> 'CASH'
    WINDOW so_far AS (PARTITION BY con_id ORDER BY moment, place, revision ROWS UNBOUNDED PRECEDING);
CREATE TABLE totals AS SELECT con_id, sum(quantity) AS quantity, sum(gross) AS gross, sum(cost) AS cost,
    bool_and(plain) AS plain, count(*) AS trades, max(bought) AS bought, max(sold) AS sold
    FROM running GROUP BY con_id;
-- What actions move: units from or into a contract, and cash. Where a position passes whole, how much it was is asked
-- of the table itself, in the order of the moments.
CREATE TABLE acted AS SELECT * FROM once WHERE type IN ({actions}) AND key NOT IN (SELECT key FROM undone);
CREATE TABLE moved AS SELECT seq, moment, u.con_id::BIGINT AS con_id, u.quantity::DECIMAL(38,{q}) AS quantity FROM (
        SELECT seq, moment, unnest(CASE
            WHEN type IN ('split_applied', 'stock_dividend_applied') AND coalesce(successor_con_id, con_id) = con_id
                THEN [{{'con_id': con_id, 'quantity': quantity_change}}]
            WHEN type IN ('merger_applied', 'tender_applied', 'contract_delisted')
                THEN [{{'con_id': con_id, 'quantity': quantity_change}},
                      {{'con_id': successor_con_id, 'quantity': successor_quantity}}]
            WHEN type = 'spin_off_applied' THEN [{{'con_id': child_con_id, 'quantity': child_quantity}}]
            WHEN type IN ({exercises})
                THEN [{{'con_id': con_id, 'quantity': quantity}},
                      {{'con_id': underlying_con_id, 'quantity': underlying_quantity}}]
            WHEN type IN ('option_expired', 'position_transferred')
                THEN [{{'con_id': con_id, 'quantity': quantity}}]
            ELSE [] END) AS u FROM acted) WHERE u.con_id IS NOT NULL AND u.quantity IS NOT NULL;
CREATE TABLE passed AS SELECT seq, moment, con_id::BIGINT AS con_id, successor_con_id::BIGINT AS successor,
    coalesce(quantity_change, '0')::DECIMAL(38,{q}) AS change FROM acted
    WHERE type IN ('contract_renamed', 'split_applied', 'stock_dividend_applied')
        AND successor_con_id IS NOT NULL AND successor_con_id <> con_id;
CREATE TABLE cash_of_actions AS
    SELECT a.currency AS currency, a.cash::DECIMAL(38,{a}) AS amount, 'cash' AS kind FROM acted AS a
    WHERE type IN ('merger_applied', 'tender_applied') AND a.cash IS NOT NULL
    UNION ALL
    SELECT coalesce(u.money, o.money), CASE WHEN a.amount IS NULL
        THEN -(a.underlying_quantity::DECIMAL(38,{q}) * a.strike::DECIMAL(38,{p}) * u.factor)::DECIMAL(38,{g})
        ELSE a.amount::DECIMAL(38,{a}) END, 'cash'
    FROM acted AS a JOIN contracts AS o USING (con_id) LEFT JOIN contracts AS u ON u.con_id = a.underlying_con_id
    WHERE a.type IN ({exercises}) AND (a.underlying_con_id IS NULL OR u.kind IN ({paid}))
    UNION ALL
    SELECT o.money, a.commission::DECIMAL(38,{a}), 'commission' FROM acted AS a JOIN contracts AS o USING (con_id)
    WHERE a.type IN ({exercises}) AND a.commission IS NOT NULL;
CREATE TABLE plain_cash AS SELECT o.type, o.currency, o.amount::DECIMAL(38,{a}) AS amount FROM once AS o
    WHERE (o.type IN ({cash}) OR (o.type = 'opening_balance_recorded' AND o.con_id IS NULL))
    AND coalesce(key, 'adjustment/' || break_id, '') NOT IN (SELECT key FROM undone);
"""
# What lies beyond the other side's total is open; with it the whole trade, of which this may be a part.
OPEN = """
SELECT con_id, execution, r.quantity, r.gross, r.cost, r.bought - r.quantity, t.sold FROM running AS r
    JOIN totals AS t USING (con_id) WHERE r.quantity > 0 AND (t.sold IS NULL OR r.bought > t.sold)
    ORDER BY con_id, moment, place, revision;
SELECT con_id, execution, r.quantity, r.gross, r.cost, r.sold + r.quantity, t.bought FROM running AS r
    JOIN totals AS t USING (con_id) WHERE r.quantity < 0 AND (t.bought IS NULL OR r.sold > t.bought)
    ORDER BY con_id, moment, place, revision
"""
PASSED = "SELECT moment, seq, con_id, successor, change FROM passed ORDER BY moment, seq"
HELD_BEFORE = """
SELECT coalesce((SELECT sum(quantity) FROM trades WHERE con_id = $con_id AND kind <> 'CASH' AND moment <= $moment), 0)
    + coalesce((SELECT sum(quantity) FROM moved WHERE con_id = $con_id AND (moment, seq) < ($moment, $seq)), 0)
"""
UNITS = "SELECT con_id, sum(quantity) FROM moved GROUP BY con_id"
MOVED = """
SELECT currency, sum(amount) FROM cash_of_actions GROUP BY currency;
SELECT currency, sum(amount) FROM plain_cash GROUP BY currency;
SELECT currency, sum(amount) FROM charged GROUP BY currency;
SELECT currency, -sum(gross) FROM trades
    WHERE is_paid AND (kind IN ({paid}) OR kind = 'CASH') GROUP BY currency;
SELECT split_part(split_part(pair, '.', 1), '/', 1), sum(quantity) FROM trades WHERE kind = 'CASH' GROUP BY ALL;
SELECT sold_currency, -sum(sold::DECIMAL(38,{a})) FROM once
    WHERE type = 'currency_converted' AND key NOT IN (SELECT key FROM undone) GROUP BY ALL;
SELECT bought_currency, sum(bought::DECIMAL(38,{a})) FROM once
    WHERE type = 'currency_converted' AND key NOT IN (SELECT key FROM undone) GROUP BY ALL
"""
COMMISSIONS = """
SELECT currency, -sum(amount) FROM charged WHERE type = 'commission_charged' GROUP BY currency;
SELECT currency, -sum(amount) FROM plain_cash WHERE type = 'commission_adjusted' GROUP BY currency;
SELECT currency, -sum(amount) FROM cash_of_actions WHERE kind = 'commission' GROUP BY currency
"""
TOUCHED = """
SELECT DISTINCT unnest([con_id, successor_con_id, child_con_id, underlying_con_id]) FROM once WHERE type IN ({actions})
UNION SELECT con_id FROM contracts WHERE changed
"""
OTHER_METHOD = """
SELECT DISTINCT con_id FROM once WHERE type IN ({lots}) AND con_id IS NOT NULL AND coalesce(method, '') <> 'fifo'
UNION SELECT s.con_id FROM standing AS s JOIN once AS o
    ON o.type = 'lots_specified' AND regexp_extract(o.execution_id, '^(.+)\\.[0-9]+$', 1) = s.base
UNION SELECT con_id FROM contracts WHERE EXISTS (SELECT 1 FROM once
    WHERE type = 'lot_method_set' AND con_id IS NULL AND method <> 'fifo')
"""
# A contract that was defined anew with another multiplier or currency, and what is delivered and not paid for.
UNKNOWN_MONEY = """
SELECT DISTINCT currency FROM told WHERE type = 'contract_defined'
    AND con_id IN (SELECT con_id FROM contracts WHERE changed)
UNION SELECT u.money FROM acted AS a JOIN contracts AS u ON u.con_id = a.underlying_con_id
    WHERE a.type IN ({exercises}) AND u.kind NOT IN ({paid})
"""
