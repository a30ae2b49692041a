-- What waits for me?
WITH halted AS (
    SELECT * FROM trading_halted
    WHERE seq > coalesce((SELECT max(seq) FROM trading_resumed), -1)
),
changed AS (
    SELECT * FROM settings_changed
    QUALIFY row_number() OVER (ORDER BY seq DESC) = 1
),
incident AS (
    SELECT * FROM incident_opened
    WHERE incident NOT IN (SELECT incident FROM incident_ended)
),
answered AS (
    SELECT order_ref FROM order_acknowledged
    UNION ALL
    SELECT order_ref FROM order_rejected
    UNION ALL
    SELECT order_ref FROM order_cancelled
    UNION ALL
    SELECT order_ref FROM order_expired
    UNION ALL
    SELECT order_ref FROM order_filled
    UNION ALL
    SELECT order_ref FROM order_resolved WHERE outcome <> 'unknown'
),
waits AS (
    SELECT recorded_at AS since, 'halt' AS what, coalesce(code, '') AS subject, reason AS why,
        'tallybook resume' AS what_to_do, seq
    FROM halted
    UNION ALL
    SELECT found_at, 'break', break_id, text, 'tallybook accept ' || break_id, seq
    FROM break_lives WHERE ending = 'open'
    UNION ALL
    SELECT recorded_at, 'settings', settings_sha256[:12], 'changed, and not approved', 'tallybook approve', seq
    FROM changed
    WHERE NOT EXISTS (
        SELECT 1 FROM settings_approved AS approved
        WHERE approved.seq > changed.seq AND approved.settings_sha256 = changed.settings_sha256
    )
    UNION ALL
    SELECT recorded_at, 'order in doubt', order_ref, 'sent, and the broker did not say what became of it',
        'tallybook status', seq
    FROM order_send_attempted
    ANTI JOIN answered USING (order_ref)
    UNION ALL
    SELECT recorded_at, 'recovery', '', reason, 'tallybook status', seq
    FROM recovery_started WHERE seq > coalesce((SELECT max(seq) FROM recovery_ended), -1)
    UNION ALL
    SELECT recorded_at, 'incident', incident, headline, command, seq FROM incident
)
SELECT * FROM waits
ORDER BY since, seq
