{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_processor_socket_maps', [
    ('computerId', 'computer_id', 'text'),
    ('manufacturer', 'manufacturer', 'text'),
    ('model', 'model', 'text'),
    ('socketCount', 'socket_count', 'integer'),
], key=['computerId']) }}
