-- Worth of the licences that unused installations free, by currency
-- dates before 1980 and after 9990 mean that there is none
WITH installed AS (
    SELECT computerid, applicationid,
        min(firstdiscovered) FILTER (WHERE firstdiscovered BETWEEN '1980-01-02' AND '9990-12-31') AS first_found,
        max(lastused) FILTER (WHERE lastused BETWEEN '1980-01-02' AND '9990-12-31') AS last_used,
        bool_and(bundleapplicationid IS NOT NULL AND NOT coalesce(unbundled, false)) AS is_in_suite
    FROM computer_applications
    GROUP BY computerid, applicationid
    HAVING bool_or(isinstalled)
),
used AS (
    SELECT applicationid FROM computer_applications WHERE lastused BETWEEN '1980-01-02' AND '9990-12-31'
),
unused AS (
    SELECT applicationid, count(*) AS installations
    FROM installed
    LEFT JOIN computers ON computers.id = computerid
    LEFT JOIN applications ON applications.id = applicationid
    WHERE coalesce(last_used, first_found) AT TIME ZONE 'UTC' < :today - INTERVAL '90' DAY
        AND coalesce(status, '') NOT IN ('Inactive', 'Quarantined')
        AND NOT coalesce(isos, false) AND NOT coalesce(isnolicenserequired, false)
        AND NOT is_in_suite AND applicationid IN (SELECT applicationid FROM used)
    GROUP BY applicationid
),
-- licences owned and missing as Snow Atlas counts them; where it counts none, licences with a yearly cost
counted AS (
    SELECT applicationid, sum(greatest(availablelicenses, 0)) AS owned, sum(greatest(-compliance, 0)) AS missing
    FROM license_compliance_summary
    GROUP BY applicationid
),
recorded AS (
    SELECT applicationid, sum(quantity) AS licences, sum(quantity) FILTER (
            WHERE issubscription OR activemaintenancecost > 0 OR activesupportcost > 0
        ) AS with_yearly_cost
    FROM licenses
    WHERE coalesce(status, '') <> 'Archived' AND NOT coalesce(isincomplete, false) AND quantity > 0
        AND NOT (
            coalesce(issubscription, false) AND coalesce(subscriptionvalidto >= '1980-01-02', false)
            AND coalesce(subscriptionvalidto AT TIME ZONE 'UTC' < :today, false)
        )
    GROUP BY applicationid
),
by_metric AS (
    SELECT applicationid, metricid, nullif(upper(trim(purchasecurrency)), '') AS currency,
        sum(purchasevalue) AS amount, sum(quantity) AS licences,
        row_number() OVER (
            PARTITION BY applicationid, metricid
            ORDER BY nullif(upper(trim(purchasecurrency)), '') IS NULL, sum(quantity) DESC,
                nullif(upper(trim(purchasecurrency)), '')
        ) AS choice
    FROM licenses
    WHERE coalesce(status, '') <> 'Archived' AND purchasevalue IS NOT NULL AND quantity > 0
    GROUP BY 1, 2, 3
),
bought AS (
    SELECT applicationid, currency, sum(amount) / sum(licences) AS price, sum(licences) AS licences,
        CASE WHEN count(*) FILTER (WHERE choice = 1) > 1
            THEN min(amount / licences) FILTER (WHERE choice = 1) END AS price_of_cheapest_metric,
        row_number() OVER (
            PARTITION BY applicationid ORDER BY currency IS NULL, sum(licences) DESC, currency
        ) AS choice
    FROM by_metric
    GROUP BY applicationid, currency
),
listed AS (
    SELECT applicationid, licensecost AS price, nullif(upper(trim(licensecostcurrency)), '') AS currency,
        row_number() OVER (PARTITION BY applicationid ORDER BY id) AS choice
    FROM application_metrics
    WHERE licensecost IS NOT NULL AND isdefault
),
-- the mean purchase price, else the price in Snow Atlas' list
priced AS (
    SELECT unused.applicationid, installations,
        least(installations, coalesce(missing, 0)) AS lowering,
        CASE
            WHEN counted.owned > 0 THEN counted.owned
            WHEN counted.owned IS NOT NULL THEN coalesce(with_yearly_cost, 0)
            ELSE coalesce(recorded.licences, 0)
        END AS owned,
        coalesce(bought.price, listed.price) AS price,
        CASE WHEN bought.price IS NOT NULL THEN bought.currency ELSE listed.currency END AS currency,
        bought.licences AS evidence,
        CASE WHEN bought.price IS NOT NULL THEN coalesce(
            price_of_cheapest_metric, CASE WHEN bought.currency = listed.currency THEN listed.price END
        ) END AS other_price
    FROM unused
    LEFT JOIN counted ON counted.applicationid = unused.applicationid
    LEFT JOIN recorded ON recorded.applicationid = unused.applicationid
    LEFT JOIN bought ON bought.applicationid = unused.applicationid AND bought.choice = 1
    LEFT JOIN listed ON listed.applicationid = unused.applicationid AND listed.choice = 1
)
-- a price ten times another one, or a tenth of it, counts only if it rests on ten licences at least
SELECT currency, sum(least(installations - lowering, owned) * round(price, 2)) AS saving
FROM priced
WHERE price IS NOT NULL AND least(installations - lowering, owned) > 0 AND (
    coalesce(other_price, 0) <= 0 OR price > other_price / 10 AND price < other_price * 10 OR evidence >= 10
)
GROUP BY currency
