{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_compliance_servers', [
    ('recordKey', 'record_key', 'text'),
    ('estateType', 'estate_type', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
], key=['recordKey']) }}
