-- Applications whose support has ended, and their installations in use, each suite as one
WITH dated AS (
    SELECT id, isos, isendofsupport OR isendofextendedsupport AS is_flagged,
        -- dates before 1980 and after 9990 mean that there is none
        greatest(
            CASE WHEN endofsupportdate BETWEEN '1980-01-02' AND '9990-12-31' THEN endofsupportdate END,
            CASE WHEN endofextendedsupportdate BETWEEN '1980-01-02' AND '9990-12-31' THEN endofextendedsupportdate END
        ) AT TIME ZONE 'UTC' AS support_ends,
        CASE WHEN endoflifedate BETWEEN '1980-01-02' AND '9990-12-31' THEN endoflifedate END AT TIME ZONE 'UTC' AS life_ends,
        isendoflife
    FROM applications
),
ended AS (
    SELECT id, isos
    FROM dated
    WHERE CASE
            WHEN support_ends IS NOT NULL THEN support_ends < :today
            WHEN is_flagged THEN true
            WHEN life_ends IS NOT NULL THEN life_ends < :today
            ELSE isendoflife
        END
),
installed AS (
    SELECT computerid, applicationid,
        max(lastused) FILTER (WHERE lastused BETWEEN '1980-01-02' AND '9990-12-31') AS last_used,
        CASE WHEN bool_and(bundleapplicationid IS NOT NULL AND NOT coalesce(unbundled, false))
            THEN min(bundleapplicationid) END AS suiteid
    FROM computer_applications
    GROUP BY computerid, applicationid
    HAVING bool_or(isinstalled)
),
unsupported AS (
    SELECT computerid, applicationid, suiteid,
        coalesce(isos OR last_used AT TIME ZONE 'UTC' >= :today - INTERVAL '90' DAY, false) AS is_used
    FROM installed
    INNER JOIN ended ON ended.id = applicationid
    LEFT JOIN computers ON computers.id = computerid
    WHERE coalesce(computers.status, '') NOT IN ('Inactive', 'Quarantined')
)
SELECT count(DISTINCT program.applicationid) AS applications,
    count(*) FILTER (WHERE program.is_used AND suite.applicationid IS NULL) AS installations_in_use
FROM unsupported AS program
LEFT JOIN unsupported AS suite ON suite.computerid = program.computerid AND suite.applicationid = program.suiteid
    AND suite.applicationid <> program.applicationid AND suite.is_used
