{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_application_usage', [
    ('recordKey', 'record_key', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('userId', 'user_id', 'text'),
    ('bundleApplicationId', 'bundle_application_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('firstUsed', 'first_used', 'timestamp'),
    ('lastUsedDate', 'last_used_date', 'timestamp'),
    ('usedCount', 'used_count', 'integer'),
    ('usedMinutes', 'used_minutes', 'integer'),
    ('usedDays', 'used_days', 'integer'),
    ('isInstalled', 'is_installed', 'boolean'),
], key=['recordKey']) }}
