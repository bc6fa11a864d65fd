-- Licence shortfall in money, by currency
WITH bought AS (
    SELECT applicationid, metricid, nullif(upper(trim(purchasecurrency)), '') AS currency,
        sum(purchasevalue) AS amount, sum(quantity) AS licences
    FROM licenses
    WHERE coalesce(status, '') <> 'Archived' AND purchasevalue IS NOT NULL AND quantity > 0
    GROUP BY 1, 2, 3
),
-- what a licence of the application has cost on average, and what those of its other metrics have
averages AS (
    SELECT applicationid, metricid, currency, amount / licences AS price, licences,
        (sum(amount) OVER other - amount) / nullif(sum(licences) OVER other - licences, 0) AS other_price,
        sum(licences) OVER other - licences AS other_licences,
        row_number() OVER (
            PARTITION BY applicationid, metricid ORDER BY currency IS NULL, licences DESC, currency
        ) AS choice
    FROM bought
    WINDOW other AS (PARTITION BY applicationid, currency)
),
of_application AS (
    SELECT applicationid, currency, sum(amount) / sum(licences) AS price, sum(licences) AS licences,
        row_number() OVER (
            PARTITION BY applicationid ORDER BY currency IS NULL, sum(licences) DESC, currency
        ) AS choice
    FROM bought
    GROUP BY 1, 2
),
listed AS (
    SELECT applicationid, id AS metricid, licensecost AS price,
        nullif(upper(trim(licensecostcurrency)), '') AS currency
    FROM application_metrics
    WHERE licensecost IS NOT NULL
),
short AS (
    SELECT -compliance AS licences,
        coalesce(averages.price, listed.price) AS price,
        CASE WHEN averages.price IS NOT NULL THEN averages.currency ELSE listed.currency END AS currency,
        coalesce(averages.licences, 0) AS evidence,
        CASE
            WHEN averages.price IS NULL THEN of_application.price
            WHEN averages.other_price IS NOT NULL THEN averages.other_price
            WHEN averages.currency = listed.currency THEN listed.price
        END AS other_price,
        CASE WHEN averages.price IS NULL THEN of_application.licences ELSE averages.other_licences END AS other_evidence
    FROM license_compliance_summary AS summary
    LEFT JOIN averages ON averages.choice = 1
        AND averages.applicationid = summary.applicationid AND averages.metricid = summary.metricid
    LEFT JOIN listed ON listed.applicationid = summary.applicationid AND listed.metricid = summary.metricid
    LEFT JOIN of_application ON of_application.choice = 1
        AND of_application.applicationid = summary.applicationid AND of_application.currency = listed.currency
    WHERE compliance < 0
)
-- a price ten times another one, or a tenth of it, counts only if it rests on more licences, and on ten at least
SELECT currency, sum(round(licences * price, 2)) AS shortfall
FROM short
WHERE price IS NOT NULL AND (
    other_price IS NULL OR other_price <= 0 OR price > other_price / 10 AND price < other_price * 10
    OR evidence >= 10 AND evidence >= coalesce(other_evidence, 0)
)
GROUP BY currency
