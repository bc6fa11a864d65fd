{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_computer_application_usage_summaries') }}
{{ snow_atlas.stage_stream('computer_application_usage_summaries', [
    ('applicationId', 'application_id', 'text'),
    ('computers', 'computers', 'integer'),
    ('users', 'users', 'integer'),
    ('installations', 'installations', 'integer'),
], key=['applicationId']) }}
