{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_assignments_summary', [
    ('licenseId', 'license_id', 'text'),
    ('hasOrganizationAssignment', 'has_organization_assignment', 'boolean'),
    ('hasComputerAssignment', 'has_computer_assignment', 'boolean'),
    ('hasUserAssignment', 'has_user_assignment', 'boolean'),
    ('hasSiteAssignment', 'has_site_assignment', 'boolean'),
], key=['licenseId']) }}
