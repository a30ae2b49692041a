-- What was gained and lost by selling, by month and contract?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
SELECT
    strftime(session_day, '%Y-%m') AS month,
    symbol,
    con_id,
    currency,
    count(*) AS lots_closed,
    sum(proceeds) AS proceeds,
    sum(basis) AS basis,
    sum(gross) AS gross,
    sum(commission) AS commission,
    sum(net) AS net
FROM realised
WHERE session_day >= CAST($since AS DATE)
GROUP BY month, symbol, con_id, currency
ORDER BY month, net DESC, symbol
