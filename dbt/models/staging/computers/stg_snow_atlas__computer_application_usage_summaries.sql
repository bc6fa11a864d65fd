{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream(source('snow_atlas', 'computer_application_usage_summaries'), [
    ('applicationId', 'application_id', 'text'),
    ('computers', 'computers', 'integer'),
    ('users', 'users', 'integer'),
    ('installations', 'installations', 'integer'),
]) }}
