-- Licence positions that are short, and the licences missing in them
SELECT count(*) AS positions, sum(-compliance) AS licences
FROM license_compliance_summary
WHERE compliance < 0
