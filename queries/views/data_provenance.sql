-- Which bars did each decision rest on, from which source, and when were they fetched?
-- One row a strategy, source and contract of a cycle. The bars lie under var/data by `sha256`, so do the strategy's source
-- and the file of targets. `used` is false for a series that was fetched, and that the strategy did not read.
WITH series AS (
    SELECT
        ingested.seq,
        ingested.cycle,
        started.session_day,
        started.slot,
        ingested.source,
        ingested.origin,
        coalesce(ingested.fetched_at, ingested.recorded_at) AS fetched_at,
        decided.strategy,
        decided.strategy_sha256,
        decided.file,
        decided.file_sha256,
        decided.seq AS decided_seq,
        -- Told before the list becomes rows, so that not every row drags all the inputs along.
        unnest(
            list_transform(
                ingested.series, lambda each: struct_insert(each, used := list_contains(decided.inputs, each.sha256))
            )
        ) AS part
    FROM data_ingested AS ingested
    LEFT JOIN targets_computed AS decided ON decided.cycle = ingested.cycle AND decided.seq > ingested.seq
    LEFT JOIN cycle_started AS started ON started.seq = ingested.cycle
)
SELECT
    session_day,
    slot,
    cycle,
    strategy,
    part.con_id AS con_id,
    part.symbol AS symbol,
    source,
    origin,
    fetched_at,
    part.sha256 AS sha256,
    coalesce(part.used, false) AS used,
    part.bars AS bars,
    part."first" AS first_day,
    part."last" AS last_day,
    part.last_close AS last_close,
    strategy_sha256,
    file AS targets_file,
    file_sha256 AS targets_sha256,
    seq AS ingested_seq,
    decided_seq
FROM series
