{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_upgrades', [
    ('licenseId', 'license_id', 'text'),
    ('quantity', 'quantity', 'integer'),
    ('upgradedLicenseId', 'upgraded_license_id', 'text'),
    ('upgradedQuantity', 'upgraded_quantity', 'integer'),
], key=['licenseId', 'upgradedLicenseId']) }}
