-- Installations that nobody has used for 90 days, and the computers they are on
-- dates before 1980 and after 9990 mean that there is none
WITH installed AS (
    SELECT computerid, applicationid,
        min(firstdiscovered) FILTER (WHERE firstdiscovered BETWEEN '1980-01-02' AND '9990-12-31') AS first_found,
        max(lastused) FILTER (WHERE lastused BETWEEN '1980-01-02' AND '9990-12-31') AS last_used
    FROM computer_applications
    GROUP BY computerid, applicationid
    HAVING bool_or(isinstalled)
)
SELECT count(*) AS installations, count(DISTINCT computerid) AS computers
FROM installed
LEFT JOIN computers ON computers.id = computerid
LEFT JOIN applications ON applications.id = applicationid
WHERE coalesce(last_used, first_found) AT TIME ZONE 'UTC' < :today - INTERVAL '90' DAY
    AND coalesce(status, '') NOT IN ('Inactive', 'Quarantined')
    AND NOT coalesce(isos, false) AND NOT coalesce(isnolicenserequired, false)
