-- What moved an account of the journal?
-- account (default cash): such as cash, commissions, dividends, position:8314
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
SELECT
    session_day,
    type,
    currency,
    amount,
    sum(amount) OVER (PARTITION BY currency ORDER BY seq ROWS UNBOUNDED PRECEDING) AS balance,
    seq
FROM journal
WHERE account = $account
QUALIFY session_day >= CAST($since AS DATE)
ORDER BY seq
