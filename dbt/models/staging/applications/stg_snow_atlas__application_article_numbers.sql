{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_article_numbers', [
    ('id', 'id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('type', 'type', 'text'),
    ('articleNumber', 'article_number', 'text'),
], key=['id']) }}
