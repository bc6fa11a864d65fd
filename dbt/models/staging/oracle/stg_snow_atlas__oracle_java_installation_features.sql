{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_java_installation_features', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('featureId', 'feature_id', 'text'),
    ('name', 'name', 'text'),
    ('status', 'status', 'text'),
    ('version', 'version', 'text'),
    ('vendor', 'vendor', 'text'),
    ('createdDate', 'created_date', 'timestamp'),
    ('updatedDate', 'updated_date', 'timestamp'),
], key=['installationId', 'featureId']) }}
