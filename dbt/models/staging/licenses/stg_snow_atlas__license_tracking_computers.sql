{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_tracking_computers', [
    ('id', 'id', 'text'),
    ('metricId', 'metric_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('coverageTrait', 'coverage_trait', 'integer'),
    ('initialRequirement', 'initial_requirement', 'integer'),
    ('requirement', 'requirement', 'integer'),
    ('receivedCoverage', 'received_coverage', 'integer'),
    ('primaryUseRights', 'primary_use_rights', 'any'),
    ('fullUseRights', 'full_use_rights', 'any'),
], key=['applicationId', 'id', 'licenseId', 'computerId']) }}
