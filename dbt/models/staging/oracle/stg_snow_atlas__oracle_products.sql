{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_products', [
    ('id', 'id', 'text'),
    ('productName', 'product_name', 'text'),
    ('productEdition', 'product_edition', 'text'),
    ('acronym', 'acronym', 'text'),
], key=['id']) }}
