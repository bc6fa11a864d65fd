-- Computers, and those that have not been scanned for 90 days
SELECT count(*) AS computers,
    count(*) FILTER (WHERE NOT coalesce(
        lastscandate AT TIME ZONE 'UTC' >= :today - INTERVAL '90' DAY AND lastscandate < '9991-01-01', false
    )) AS not_scanned
FROM computers
