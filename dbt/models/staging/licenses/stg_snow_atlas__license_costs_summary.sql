{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_costs_summary', [
    ('licenseId', 'license_id', 'text'),
    ('quantity', 'quantity', 'integer'),
    ('purchaseCost', 'purchase_cost', 'money'),
    ('currentMaintenanceCost', 'current_maintenance_cost', 'money'),
    ('accumulatedMaintenanceCost', 'accumulated_maintenance_cost', 'money'),
    ('currentSupportCost', 'current_support_cost', 'money'),
    ('accumulatedSupportCost', 'accumulated_support_cost', 'money'),
    ('totalCost', 'total_cost', 'money'),
    ('averageCostPerLicensePurchase', 'average_cost_per_license_purchase', 'money'),
    ('currency', 'currency', 'currency'),
], key=['licenseId']) }}
