{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_field_asset_types', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
], key=['id']) }}
