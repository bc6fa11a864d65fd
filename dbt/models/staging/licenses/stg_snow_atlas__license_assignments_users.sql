{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_assignments_users', [
    ('id', 'id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('userId', 'user_id', 'text'),
    ('quantity', 'quantity', 'integer'),
    ('invalidAssignmentReasons', 'invalid_assignment_reasons', 'any'),
], key=['licenseId', 'id']) }}
