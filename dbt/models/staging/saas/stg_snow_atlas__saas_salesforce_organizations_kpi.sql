{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_salesforce_organizations_kpi', [
    ('total', 'total', 'integer'),
    ('totalCostPerYear', 'total_cost_per_year', 'money'),
]) }}
