-- Do the books balance?
SELECT currency, coalesce(account, 'sum') AS account, balance
FROM trial_balance
ORDER BY currency, account = 'sum', account
