{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('datacenter_hypervisors', [
    ('recordKey', 'record_key', 'text'),
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
], key=['recordKey']) }}
