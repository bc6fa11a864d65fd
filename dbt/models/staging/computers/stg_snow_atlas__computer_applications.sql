{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_applications', [
    ('recordKey', 'record_key', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('bundleApplicationId', 'bundle_application_id', 'text'),
    ('firstDiscovered', 'first_discovered', 'timestamp'),
    ('lastUsed', 'last_used', 'timestamp'),
    ('usedCount', 'used_count', 'integer'),
    ('averageUsedTime', 'average_used_time', 'timestamp'),
    ('isVirtual', 'is_virtual', 'boolean'),
    ('isInstalled', 'is_installed', 'boolean'),
    ('bundleUsagePercentage', 'bundle_usage_percentage', 'integer'),
    ('unbundled', 'unbundled', 'boolean'),
], key=['recordKey']) }}
