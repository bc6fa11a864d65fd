{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_family_applications_kpi', [
    ('fromDate', 'from_date', 'date'),
    ('toDate', 'to_date', 'date'),
    ('isComplete', 'is_complete', 'boolean'),
    ('notApproved', 'not_approved', 'integer'),
    ('total', 'total', 'integer'),
], key=['fromDate', 'toDate']) }}
