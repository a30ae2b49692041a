-- Which settings were changed, when, and who approved them?
WITH change AS (
    SELECT seq, recorded_at, settings_sha256, unnest(changes, max_depth := 2) FROM settings_changed
),
approval AS (
    SELECT settings_sha256, min(recorded_at) AS approved_at, arg_min("by", seq) AS approved_by, arg_min(why, seq) AS why
    FROM settings_approved
    GROUP BY settings_sha256
)
SELECT
    change.recorded_at AS changed_at,
    change.name AS setting,
    change."before" AS setting_before,
    change."after" AS setting_after,
    approval.approved_at,
    approval.approved_by,
    approval.why,
    change.seq
FROM change
LEFT JOIN approval USING (settings_sha256)
ORDER BY change.seq, setting
