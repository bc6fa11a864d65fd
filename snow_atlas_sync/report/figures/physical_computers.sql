-- Physical computers, and those of which neither purchase nor firmware has a date
SELECT count(*) AS computers,
    count(*) FILTER (WHERE NOT (
        coalesce(purchasedate BETWEEN '1980-01-02' AND '9990-12-31', false)
        OR coalesce(biosdate BETWEEN '1980-01-02' AND '9990-12-31', false)
    )) AS without_age
FROM computers
LEFT JOIN computer_details ON computer_details.id = computers.id
WHERE NOT coalesce(computers.isvirtual, false) AND NOT coalesce(computers.isvdi, false)
