-- Which bars did each decision rest on, from which source, and when were they fetched?
-- One row a strategy, source and contract of a cycle. The bars lie under var/data by `sha256`, so do the strategy's source
-- and the file of targets. `used` is false for a series that was fetched, and that the strategy did not read.
WITH series AS (
    SELECT seq, cycle, recorded_at, source, origin, fetched_at, unnest(series) AS part FROM data_ingested
)
SELECT
    started.session_day,
    started.slot,
    series.cycle,
    decided.strategy,
    series.part.con_id AS con_id,
    series.part.symbol AS symbol,
    series.source,
    series.origin,
    coalesce(series.fetched_at, series.recorded_at) AS fetched_at,
    series.part.sha256 AS sha256,
    coalesce(list_contains(decided.inputs, series.part.sha256), false) AS used,
    series.part.bars AS bars,
    series.part."first" AS first_day,
    series.part."last" AS last_day,
    series.part.last_close AS last_close,
    decided.strategy_sha256,
    decided.file AS targets_file,
    decided.file_sha256 AS targets_sha256,
    series.seq AS ingested_seq,
    decided.seq AS decided_seq
FROM series
LEFT JOIN targets_computed AS decided ON decided.cycle = series.cycle AND decided.seq > series.seq
LEFT JOIN cycle_started AS started ON started.seq = series.cycle
