-- What moved an account of the journal?
-- account (default cash): such as cash, commissions, dividends, position:8314
-- since (default month): the first trading day, YYYY-MM-DD; month: the last 31 days
SELECT
    session_day,
    type,
    currency,
    amount,
    sum(amount) OVER (PARTITION BY currency ORDER BY seq ROWS UNBOUNDED PRECEDING) AS balance,
    seq
FROM journal
WHERE account = $account
QUALIFY session_day >= CASE
    WHEN $since = 'month' THEN (SELECT max(session_day) FROM journal) - 31
    ELSE CAST($since AS DATE)
END
ORDER BY seq
