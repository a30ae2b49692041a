-- Which dividends, interest and taxes came from whom?
SELECT
    coalesce(symbol, 'the broker') AS payer,
    con_id,
    currency,
    sum(amount) FILTER (WHERE what IN ('dividend_paid', 'payment_in_lieu_paid')) AS dividends,
    sum(amount) FILTER (WHERE what = 'interest_paid') AS interest,
    sum(amount) FILTER (WHERE what = 'tax_withheld') AS tax,
    sum(amount) AS net,
    count(*) AS bookings,
    bool_or(provisional) AS provisional
FROM cash_movements
WHERE counts AND what IN ('dividend_paid', 'payment_in_lieu_paid', 'interest_paid', 'tax_withheld')
GROUP BY payer, con_id, currency
ORDER BY payer, currency
