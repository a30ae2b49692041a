-- Which lots are open, since when, and what have they gained?
SELECT
    symbol,
    opened_at,
    date_diff('day', CAST(opened_at AS DATE), (SELECT max(session_day) FROM cycle_started)) AS days_held,
    quantity,
    gross AS basis,
    commission,
    mark,
    value,
    unrealised,
    currency,
    execution
FROM lots
ORDER BY symbol, opened_at, execution
