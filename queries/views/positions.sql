-- What is held, as the latest snapshot found it?
SELECT *
FROM positions_history
WHERE seq = (SELECT max(seq) FROM snapshot_taken)
ORDER BY symbol, con_id
