{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_salesforce_users_kpi', [
    ('totalUsers', 'total_users', 'integer'),
    ('active', 'active', 'integer'),
    ('inactive', 'inactive', 'integer'),
    ('noActivity', 'no_activity', 'integer'),
    ('usersWithMultipleOrgs', 'users_with_multiple_orgs', 'integer'),
]) }}
