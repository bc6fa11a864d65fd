{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_compliance_allocation', [
    ('applicationId', 'application_id', 'text'),
    ('metricId', 'metric_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('requirement', 'requirement', 'integer'),
    ('coverage', 'coverage', 'integer'),
    ('compliance', 'compliance', 'integer'),
], key=['applicationId', 'metricId', 'organizationId']) }}
