{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_oracle_middleware_license_assignments_servers') }}
{{ snow_atlas.stage_stream('oracle_middleware_license_assignments_servers', [
    ('recordKey', 'record_key', 'text'),
    ('productId', 'product_id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
    ('estateType', 'estate_type', 'text'),
    ('orderId', 'order_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('quantityAssigned', 'quantity_assigned', 'integer'),
    ('isManualAssigned', 'is_manual_assigned', 'boolean'),
], key=['recordKey']) }}
