-- What was deposited and withdrawn?
WITH flow AS (
    SELECT CAST(coalesce(occurred_at, recorded_at) AS DATE) AS moved_on, 'adopted' AS what, currency, amount,
        false AS provisional, '' AS note, seq
    FROM opening_balance_recorded WHERE con_id IS NULL
    UNION ALL
    SELECT moved_on, what, currency, amount, provisional, note, seq
    FROM cash_movements WHERE counts AND what IN ('cash_deposited', 'cash_withdrawn')
)
SELECT moved_on, what, currency, amount, sum(amount) OVER (PARTITION BY currency ORDER BY seq) AS total, provisional,
    note, seq
FROM flow
ORDER BY seq
