{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_transfers', [
    ('applicationId', 'application_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('hasComputerTransfer', 'has_computer_transfer', 'boolean'),
    ('hasUserTransfer', 'has_user_transfer', 'boolean'),
    ('hasCustomCompareValueTransfer', 'has_custom_compare_value_transfer', 'boolean'),
], key=['applicationId', 'licenseId']) }}
