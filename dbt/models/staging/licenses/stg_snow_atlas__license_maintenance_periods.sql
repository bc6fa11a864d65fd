{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_maintenance_periods', [
    ('id', 'id', 'text'),
    ('agreementPeriodId', 'agreement_period_id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('validFrom', 'valid_from', 'timestamp'),
    ('validTo', 'valid_to', 'timestamp'),
    ('hasUpgradeRights', 'has_upgrade_rights', 'boolean'),
    ('invoiceReference', 'invoice_reference', 'text'),
    ('notes', 'notes', 'text'),
    ('maintenanceCost', 'maintenance_cost', 'money'),
    ('supportCost', 'support_cost', 'money'),
    ('purchaseCurrency', 'purchase_currency', 'currency'),
], key=['id']) }}
