{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_extended_coverages', [
    ('id', 'id', 'text'),
    ('parentComputerId', 'parent_computer_id', 'text'),
    ('isParentComputerDatacenter', 'is_parent_computer_datacenter', 'boolean'),
    ('extendedComputerId', 'extended_computer_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('coveredApplicationId', 'covered_application_id', 'text'),
    ('reason', 'reason', 'text'),
    ('reasonDescription', 'reason_description', 'text'),
], key=['id']) }}
