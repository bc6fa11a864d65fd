{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_middleware_applications', [
    ('installationId', 'installation_id', 'text'),
    ('version', 'version', 'text'),
    ('name', 'name', 'text'),
    ('applicationId', 'application_id', 'text'),
], key=['installationId', 'applicationId']) }}
