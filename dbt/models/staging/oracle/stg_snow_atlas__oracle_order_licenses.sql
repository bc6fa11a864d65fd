{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_order_licenses', [
    ('id', 'id', 'text'),
    ('orderId', 'order_id', 'text'),
    ('itemType', 'item_type', 'text'),
    ('referstoItemId', 'refersto_item_id', 'text'),
    ('productId', 'product_id', 'text'),
    ('licenseType', 'license_type', 'text'),
    ('licenseMetricType', 'license_metric_type', 'text'),
    ('quantity', 'quantity', 'integer'),
    ('licenseCost', 'license_cost', 'money'),
    ('licenseCostBase', 'license_cost_base', 'money'),
    ('supportCost', 'support_cost', 'money'),
    ('supportCostBase', 'support_cost_base', 'money'),
    ('csi', 'csi', 'text'),
    ('supportContractId', 'support_contract_id', 'integer'),
    ('isPerpertual', 'is_perpertual', 'boolean'),
    ('nonPerpertualYears', 'non_perpertual_years', 'integer'),
], key=['orderId', 'id']) }}
