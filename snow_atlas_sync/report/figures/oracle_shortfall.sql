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
    SELECT productid, licensemetrictype, estatetype, computerid, datacenterid,
        CASE licensemetrictype
            WHEN 'Processor' THEN totalrequiredlicenseprocessor - totalassignedlicenseprocessor
            WHEN 'Nup' THEN totalrequiredlicensenup - totalassignedlicensenup
        END AS missing
    FROM compliance
    WHERE estatetype <> 'Datacenters' AND coalesce(islicenserequired, true)
        AND coveredbyproductid IS NULL AND coalesce(coveredbyestate, '') = ''
),
-- a product in one place is licensed by processors or by users: the cheaper of the two counts
ways AS (
    SELECT short.licensemetrictype, missing, missing * price AS cost,
        row_number() OVER (
            PARTITION BY short.productid, estatetype, computerid, datacenterid
            ORDER BY coalesce(missing, 0) > 0, missing * price NULLS LAST, missing, short.licensemetrictype
        ) AS way
    FROM short
    LEFT JOIN prices ON prices.productid = short.productid AND prices.licensemetrictype = short.licensemetrictype
)
SELECT licensemetrictype AS metric, sum(missing) AS licences, sum(cost) AS cost
FROM ways
WHERE missing > 0 AND way = 1
GROUP BY licensemetrictype
