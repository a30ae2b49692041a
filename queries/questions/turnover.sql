-- How much was traded each month, against what the account was worth?
WITH traded AS (
    SELECT strftime(session_day, '%Y-%m') AS month, currency, sum(turnover) AS turnover,
        CAST(sum(fills) AS BIGINT) AS fills
    FROM costs
    GROUP BY month, currency
),
worth AS (
    SELECT strftime(session_day, '%Y-%m') AS month, arg_max(nav, session_day) AS nav, count(*) AS sessions
    FROM returns
    GROUP BY month
)
SELECT
    coalesce(traded.month, worth.month) AS month,
    traded.currency,
    traded.fills,
    traded.turnover,
    worth.nav AS nav_at_end,
    worth.sessions
FROM traded
FULL JOIN worth USING (month)
ORDER BY 1, 2
