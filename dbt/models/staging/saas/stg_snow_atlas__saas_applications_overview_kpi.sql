{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_applications_overview_kpi', [
    ('fromDate', 'from_date', 'date'),
    ('toDate', 'to_date', 'date'),
    ('isComplete', 'is_complete', 'boolean'),
    ('applicationDiscoveryLastSevenDays', 'application_discovery_last_seven_days', 'json'),
    ('notApproved', 'not_approved', 'json'),
    ('total', 'total', 'json'),
], key=['fromDate', 'toDate']) }}
