{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_oracle_database_assignments_virtual_machines') }}
{{ snow_atlas.stage_stream('oracle_database_license_assignments_virtual_machines', [
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
