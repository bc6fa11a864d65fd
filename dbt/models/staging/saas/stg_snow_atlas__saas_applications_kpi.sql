{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_applications_kpi', [
    ('fromDate', 'from_date', 'date'),
    ('toDate', 'to_date', 'date'),
    ('isComplete', 'is_complete', 'boolean'),
    ('totalApplications', 'total_applications', 'integer'),
    ('totalApplicationsTrend', 'total_applications_trend', 'integer'),
    ('unsanctioned', 'unsanctioned', 'integer'),
    ('appCategories', 'app_categories', 'json'),
    ('aiAppCategories', 'ai_app_categories', 'json'),
    ('appCategoriesUnsanctioned', 'app_categories_unsanctioned', 'json'),
    ('aiAppCategoriesUnsanctioned', 'ai_app_categories_unsanctioned', 'json'),
    ('activeUserApplications', 'active_user_applications', 'json'),
    ('activeUserApplicationsUnsanctioned', 'active_user_applications_unsanctioned', 'json'),
], key=['fromDate', 'toDate']) }}
