-- Which mails and messages did not leave?
SELECT
    failed.recorded_at AS failed_at,
    failed."by" AS means,
    failed.kind,
    failed.subject,
    failed.reason,
    (
        SELECT min(sent.recorded_at) FROM notice_sent AS sent
        WHERE sent.seq > failed.seq AND sent."by" = failed."by" AND sent.kind = failed.kind
            AND sent.incident = failed.incident
    ) AS sent_at,
    failed.seq
FROM notice_failed AS failed
ORDER BY failed.seq
