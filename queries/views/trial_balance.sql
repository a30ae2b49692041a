-- Do the books balance: what does each account hold, and is the sum of each currency zero?
-- Assets are positive, income and equity negative; the row without an account is the sum of its currency, always 0.
SELECT currency, account, sum(amount) AS balance
FROM journal
GROUP BY GROUPING SETS ((currency, account), (currency))
ORDER BY currency, account NULLS LAST
