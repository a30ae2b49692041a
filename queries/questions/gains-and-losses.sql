-- Which contracts earned the most, and which lost the most?
WITH part AS (
    SELECT con_id, currency, gross AS realised, 0 AS unrealised, commission, 0 AS income FROM realised
    UNION ALL
    SELECT con_id, currency, 0, unrealised, commission, 0 FROM lots
    UNION ALL
    SELECT con_id, currency, 0, 0, 0, amount
    FROM cash_movements
    WHERE counts AND what IN ('dividend_paid', 'payment_in_lieu_paid', 'interest_paid', 'tax_withheld')
),
contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
)
SELECT
    coalesce(contract.symbol, 'no contract') AS symbol,
    part.con_id,
    part.currency,
    sum(part.realised) AS realised,
    sum(part.unrealised) AS unrealised,
    sum(part.commission) AS commission,
    sum(part.income) AS income,
    sum(part.realised) + coalesce(sum(part.unrealised), 0) + sum(part.commission) + sum(part.income) AS total
FROM part
LEFT JOIN contract USING (con_id)
GROUP BY symbol, part.con_id, part.currency
ORDER BY total DESC, symbol
