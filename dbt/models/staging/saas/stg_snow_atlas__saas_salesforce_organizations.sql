{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_salesforce_organizations', [
    ('active', 'active', 'integer'),
    ('id', 'id', 'text'),
    ('inactive', 'inactive', 'integer'),
    ('name', 'name', 'text'),
    ('noActivity', 'no_activity', 'integer'),
    ('potentialSavings', 'potential_savings', 'money'),
    ('subscriptionIds', 'subscription_ids', 'json'),
    ('subscriptions', 'subscriptions', 'integer'),
    ('totalCost', 'total_cost', 'money'),
    ('totalCostPerYear', 'total_cost_per_year', 'money'),
    ('usage', 'usage', 'double'),
    ('users', 'users', 'integer'),
    ('utilization', 'utilization', 'double'),
], key=['id']) }}
