{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_user_discovery_sources', [
    ('userId', 'user_id', 'text'),
    ('created', 'created', 'timestamp'),
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('type', 'type', 'integer'),
], key=['userId', 'id']) }}
