{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_oracle_middleware_compliance_datacenters') }}
{{ snow_atlas.stage_stream('oracle_middleware_compliance_datacenters', [
    ('recordKey', 'record_key', 'text'),
    ('estateType', 'estate_type', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
], key=['recordKey']) }}
