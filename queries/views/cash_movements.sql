-- Which cash moved without a trade, for which contract, and does it still count?
-- Amounts are signed as cash. `counts` is false for what another fact took the place of, or a statement or the operator
-- undid: sums leave it out. `what` is the event's type; `provisional` was inferred, and waits for the statement's word.
WITH moved AS (
    SELECT 'dividend_paid' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source, provisional,
        replaces FROM dividend_paid
    UNION ALL BY NAME
    SELECT 'payment_in_lieu_paid' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source,
        provisional, replaces FROM payment_in_lieu_paid
    UNION ALL BY NAME
    SELECT 'tax_withheld' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source, provisional,
        replaces FROM tax_withheld
    UNION ALL BY NAME
    SELECT 'interest_paid' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source, provisional,
        replaces FROM interest_paid
    UNION ALL BY NAME
    SELECT 'fee_charged' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source, provisional,
        replaces FROM fee_charged
    UNION ALL BY NAME
    SELECT 'commission_adjusted' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source,
        provisional, replaces FROM commission_adjusted
    UNION ALL BY NAME
    SELECT 'return_of_capital_paid' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source,
        provisional, replaces FROM return_of_capital_paid
    UNION ALL BY NAME
    SELECT 'variation_settled' AS what, seq, recorded_at, occurred_at, key, con_id, amount, currency, note, source,
        provisional, replaces FROM variation_settled
    UNION ALL BY NAME
    SELECT 'cash_deposited' AS what, seq, recorded_at, occurred_at, key, NULL AS con_id, amount, currency, note, source,
        provisional, replaces FROM cash_deposited
    UNION ALL BY NAME
    SELECT 'cash_withdrawn' AS what, seq, recorded_at, occurred_at, key, NULL AS con_id, amount, currency, note, source,
        provisional, replaces FROM cash_withdrawn
),
undone AS (
    SELECT replaces AS key FROM moved WHERE replaces IS NOT NULL
    UNION
    SELECT row.key FROM (SELECT unnest(reversed) AS row FROM statement_reconciled)
    UNION
    SELECT unnest(withdraws) FROM acceptance_taken_back
),
contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
)
SELECT
    moved.seq,
    moved.recorded_at,
    CAST(coalesce(moved.occurred_at, moved.recorded_at) AS DATE) AS moved_on,
    moved.what,
    moved.con_id,
    contract.symbol,
    moved.currency,
    moved.amount,
    moved.provisional,
    undone.key IS NULL AS counts,
    moved.source,
    moved.note,
    moved.key
FROM moved
LEFT JOIN undone USING (key)
LEFT JOIN contract USING (con_id)
ORDER BY moved.seq
