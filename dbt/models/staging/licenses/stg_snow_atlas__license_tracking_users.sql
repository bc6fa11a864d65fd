{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_tracking_users', [
    ('id', 'id', 'text'),
    ('metricId', 'metric_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('userId', 'user_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('coverageTrait', 'coverage_trait', 'integer'),
    ('initialRequirement', 'initial_requirement', 'integer'),
    ('receivedCoverage', 'received_coverage', 'integer'),
    ('primaryUseRights', 'primary_use_rights', 'any'),
    ('fullUseRights', 'full_use_rights', 'any'),
], key=['applicationId', 'id', 'licenseId', 'userId']) }}
