-- Periods that end within 90 days and have no later one, and their amounts, by currency
WITH periods AS (
    SELECT 'agreement' AS kind, id, validto AS ends, CAST(NULL AS decimal(38, 9)) AS amount, NULL AS currency
    FROM agreement_periods
    UNION ALL
    SELECT 'contract', id, validto, NULL, NULL FROM contract_periods
    UNION ALL
    SELECT 'maintenance', licenseid, validto,
        CASE WHEN maintenancecost IS NOT NULL OR supportcost IS NOT NULL
            THEN coalesce(maintenancecost, 0) + coalesce(supportcost, 0) END,
        periods.purchasecurrency
    FROM license_maintenance_periods AS periods
    LEFT JOIN licenses ON licenses.id = licenseid
    WHERE coalesce(status, '') <> 'Archived'
    UNION ALL
    SELECT 'licence subscription', id, subscriptionvalidto, purchasevalue, purchasecurrency
    FROM licenses
    WHERE issubscription AND coalesce(status, '') <> 'Archived'
    UNION ALL
    SELECT 'saas subscription', id, expirationdate, costperunit * purchased, currency
    FROM saas_servicenow_subscriptions
)
SELECT nullif(upper(trim(currency)), '') AS currency, count(*) AS periods, sum(amount) AS amount
FROM periods
WHERE CAST(ends AT TIME ZONE 'UTC' AS date) BETWEEN :today AND :today + INTERVAL '90' DAY
    AND (kind LIKE '%subscription' OR NOT EXISTS (
        SELECT 1 FROM periods AS later
        WHERE later.kind = periods.kind AND later.id = periods.id
            AND (later.ends IS NULL OR later.ends < '1980-01-02' OR later.ends > '9990-12-31'
                OR CAST(later.ends AT TIME ZONE 'UTC' AS date) > CAST(periods.ends AT TIME ZONE 'UTC' AS date))
    ))
GROUP BY 1
