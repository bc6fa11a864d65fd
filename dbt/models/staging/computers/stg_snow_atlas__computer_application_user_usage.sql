{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_application_user_usage', [
    ('recordKey', 'record_key', 'text'),
    ('userId', 'user_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('bundleApplicationId', 'bundle_application_id', 'text'),
    ('lastUsedDate', 'last_used_date', 'date'),
], key=['recordKey']) }}
