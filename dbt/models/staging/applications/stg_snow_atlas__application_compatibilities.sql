{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_compatibilities', [
    ('applicationId', 'application_id', 'text'),
    ('compatibleApplicationId', 'compatible_application_id', 'text'),
    ('compatibilityType', 'compatibility_type', 'text'),
    ('compatibilityOrder', 'compatibility_order', 'integer'),
], key=['applicationId', 'compatibleApplicationId', 'compatibilityType']) }}
