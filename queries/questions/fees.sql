-- What did the broker charge besides commissions?
SELECT moved_on, what, symbol, currency, amount, sum(amount) OVER (PARTITION BY currency ORDER BY seq) AS total,
    provisional, note, seq
FROM cash_movements
WHERE counts AND what IN ('fee_charged', 'commission_adjusted')
ORDER BY seq
