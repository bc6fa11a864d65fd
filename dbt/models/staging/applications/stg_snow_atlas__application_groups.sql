{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_groups', [
    ('id', 'id', 'text'),
    ('childId', 'child_id', 'text'),
    ('childName', 'child_name', 'text'),
], key=['id', 'childId']) }}
