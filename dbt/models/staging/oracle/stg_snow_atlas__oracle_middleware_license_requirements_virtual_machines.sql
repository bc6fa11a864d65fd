{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_oracle_middleware_requirements_virtual_machines') }}
{{ snow_atlas.stage_stream('oracle_middleware_license_requirements_virtual_machines', [
    ('recordKey', 'record_key', 'text'),
    ('productId', 'product_id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
    ('estateType', 'estate_type', 'text'),
    ('requiredQuantity', 'required_quantity', 'integer'),
    ('requiredQuantityDecimal', 'required_quantity_decimal', 'double'),
    ('notAllowedLicensableEntityTypes', 'not_allowed_licensable_entity_types', 'text'),
], key=['recordKey']) }}
