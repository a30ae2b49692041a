-- Which limits cut what the strategies wanted, and by how much?
SELECT
    "limit" AS bound,
    count(*) AS times,
    min(factor) AS smallest_factor,
    min(recorded_at) AS first_at,
    max(recorded_at) AS last_at,
    arg_min(reason, factor) AS at_its_smallest
FROM targets_scaled
GROUP BY bound
ORDER BY times DESC, bound
