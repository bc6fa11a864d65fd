{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream(source('snow_atlas', 'saas_application_kpis'), [
    ('id', 'id', 'text'),
    ('monthlyCost', 'monthly_cost', 'json'),
    ('monthlyCost.value30DaysAgo', 'monthly_cost_value_30_days_ago', 'money'),
    ('monthlyCost.valueCurrent', 'monthly_cost_value_current', 'money'),
    ('subscriptionTypes', 'subscription_types', 'json'),
    ('subscriptionTypes.value30DaysAgo', 'subscription_types_value_30_days_ago', 'integer'),
    ('subscriptionTypes.valueCurrent', 'subscription_types_value_current', 'integer'),
    ('subscriptions', 'subscriptions', 'json'),
    ('subscriptions.value30DaysAgo', 'subscriptions_value_30_days_ago', 'integer'),
    ('subscriptions.valueCurrent', 'subscriptions_value_current', 'integer'),
    ('totalUsers', 'total_users', 'json'),
    ('totalUsers.value30DaysAgo', 'total_users_value_30_days_ago', 'integer'),
    ('totalUsers.valueCurrent', 'total_users_value_current', 'integer'),
    ('unassignedSubscriptions', 'unassigned_subscriptions', 'json'),
    ('unassignedSubscriptions.value30DaysAgo', 'unassigned_subscriptions_value_30_days_ago', 'integer'),
    ('unassignedSubscriptions.valueCurrent', 'unassigned_subscriptions_value_current', 'integer'),
]) }}
