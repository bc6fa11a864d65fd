{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_features', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('isUsed', 'is_used', 'boolean'),
    ('firstUsed', 'first_used', 'timestamp'),
    ('lastUsed', 'last_used', 'timestamp'),
    ('description', 'description', 'text'),
    ('detectedUsages', 'detected_usages', 'integer'),
], key=['installationId', 'id', 'computerId', 'name']) }}
