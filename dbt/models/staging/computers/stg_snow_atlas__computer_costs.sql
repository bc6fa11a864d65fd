{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_costs', [
    ('computerId', 'computer_id', 'text'),
    ('vendor', 'vendor', 'text'),
    ('purchaseDate', 'purchase_date', 'timestamp'),
    ('purchasePrice', 'purchase_price', 'money'),
    ('purchaseValueBase', 'purchase_value_base', 'money'),
    ('purchaseCurrency', 'purchase_currency', 'currency'),
    ('invoiceReference', 'invoice_reference', 'text'),
    ('totalCostOfInstalledApplications', 'total_cost_of_installed_applications', 'money'),
    ('totalCost', 'total_cost', 'money'),
], key=['computerId']) }}
