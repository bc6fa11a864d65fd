{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('user_accounts', [
    ('id', 'id', 'text'),
    ('userName', 'user_name', 'text'),
    ('status', 'status', 'text'),
    ('email', 'email', 'text'),
    ('fullName', 'full_name', 'text'),
], key=['id']) }}
