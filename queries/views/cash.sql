-- How much cash is there in each currency, as the latest snapshot found it?
SELECT *
FROM cash_history
WHERE seq = (SELECT max(seq) FROM snapshot_taken)
ORDER BY currency
