{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_user_subscriptions', [
    ('userId', 'user_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('applicationName', 'application_name', 'text'),
    ('discoverySource', 'discovery_source', 'text'),
    ('discoveryType', 'discovery_type', 'integer'),
    ('firstDiscovered', 'first_discovered', 'timestamp'),
    ('id', 'id', 'text'),
    ('lastActivity', 'last_activity', 'timestamp'),
    ('name', 'name', 'text'),
    ('potentialSavings', 'potential_savings', 'money'),
    ('totalCostPerMonth', 'total_cost_per_month', 'money'),
    ('vendor', 'vendor', 'text'),
    ('vendorId', 'vendor_id', 'text'),
], key=['userId', 'id']) }}
