{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_orders', [
    ('id', 'id', 'text'),
    ('orderDate', 'order_date', 'timestamp'),
    ('orderName', 'order_name', 'text'),
    ('oracleOrderNumber', 'oracle_order_number', 'text'),
    ('olsa', 'olsa', 'text'),
    ('areaOfUse', 'area_of_use', 'text'),
    ('createdDate', 'created_date', 'timestamp'),
], key=['id']) }}
