{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('datacenter_members', [
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('sourceId', 'source_id', 'integer'),
], key=['id', 'computerId']) }}
