{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_entitlements', [
    ('applicationId', 'application_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('metricId', 'metric_id', 'text'),
    ('assignmentType', 'assignment_type', 'text'),
    ('quantity', 'quantity', 'integer'),
], key=['applicationId', 'organizationId', 'metricId', 'assignmentType']) }}
