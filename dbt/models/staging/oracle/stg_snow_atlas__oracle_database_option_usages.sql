{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_option_usages', [
    ('installationId', 'installation_id', 'text'),
    ('optionId', 'option_id', 'text'),
    ('id', 'id', 'text'),
    ('productId', 'product_id', 'text'),
    ('groupName', 'group_name', 'text'),
    ('isUsageTriggered', 'is_usage_triggered', 'boolean'),
    ('usageQueries', 'usage_queries', 'json'),
], key=['installationId', 'optionId', 'groupName']) }}
