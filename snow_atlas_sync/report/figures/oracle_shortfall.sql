-- Oracle licences that are missing on servers and virtual machines, by metric, and their worth at the prices of orders
WITH compliance AS (
    SELECT * FROM oracle_database_product_compliance
    UNION ALL
    SELECT * FROM oracle_middleware_product_compliance
),
prices AS (
    SELECT productid, licensemetrictype, sum(licensecostbase) / sum(quantity) AS price
    FROM oracle_order_licenses
    WHERE quantity > 0 AND licensecostbase IS NOT NULL AND itemtype = 'Default'
    GROUP BY productid, licensemetrictype
),
short AS (
    SELECT productid, licensemetrictype,
        CASE licensemetrictype
            WHEN 'Processor' THEN totalrequiredlicenseprocessor - totalassignedlicenseprocessor
            WHEN 'Nup' THEN totalrequiredlicensenup - totalassignedlicensenup
        END AS missing
    FROM compliance
    WHERE estatetype <> 'Datacenters' AND coalesce(islicenserequired, true)
        AND coveredbyproductid IS NULL AND coalesce(coveredbyestate, '') = ''
)
SELECT short.licensemetrictype AS metric, sum(missing) AS licences, sum(missing * price) AS cost
FROM short
LEFT JOIN prices ON prices.productid = short.productid AND prices.licensemetrictype = short.licensemetrictype
WHERE missing > 0
GROUP BY short.licensemetrictype
