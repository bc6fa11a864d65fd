{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_tracking', [
    ('applicationId', 'application_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('hasComputerTracking', 'has_computer_tracking', 'boolean'),
    ('hasUserTracking', 'has_user_tracking', 'boolean'),
], key=['applicationId', 'licenseId']) }}
