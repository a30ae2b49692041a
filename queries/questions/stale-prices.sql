-- Whose prices were stale, delayed or missing when we decided on them?
-- seconds (default 900): how old a last trade may be
WITH quote AS (
    SELECT seq, recorded_at, cycle, unnest(rows) AS found FROM quotes_observed
),
judged AS (
    SELECT *, date_diff('second', quote.found."at", quote.recorded_at) AS age_seconds FROM quote
)
SELECT
    started.session_day,
    started.slot,
    judged.found.symbol AS symbol,
    judged.age_seconds,
    ['live', 'frozen', 'delayed', 'delayed and frozen'][judged.found.market_data_type] AS market_data,
    judged.found.halted AS halted,
    judged.found.bid AS bid,
    judged.found.ask AS ask,
    judged.found."last" AS last_price,
    judged.seq
FROM judged
LEFT JOIN cycle_started AS started ON started.seq = judged.cycle
WHERE
    started.kind = 'trade'
    AND (
        judged.age_seconds > CAST($seconds AS BIGINT) OR judged.found.market_data_type <> 1 OR judged.found.halted
        OR judged.found.bid IS NULL OR judged.found.ask IS NULL
    )
ORDER BY judged.seq, symbol
