{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_transfers_custom_values', [
    ('applicationId', 'application_id', 'text'),
    ('customCompareValueId', 'custom_compare_value_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('fromApplicationId', 'from_application_id', 'text'),
    ('toApplicationId', 'to_application_id', 'text'),
], key=['applicationId', 'licenseId', 'organizationId', 'customCompareValueId', 'fromApplicationId', 'toApplicationId']) }}
