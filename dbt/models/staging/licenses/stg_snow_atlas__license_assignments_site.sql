{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_assignments_site', [
    ('id', 'id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('quantity', 'quantity', 'integer'),
], key=['licenseId']) }}
