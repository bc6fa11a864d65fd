{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_family_subscription_plans', [
    ('familyId', 'family_id', 'text'),
    ('name', 'name', 'text'),
    ('id', 'id', 'text'),
], key=['familyId', 'id']) }}
