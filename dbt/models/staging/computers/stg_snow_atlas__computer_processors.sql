{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_processors', [
    ('computerId', 'computer_id', 'text'),
    ('processorCount', 'processor_count', 'integer'),
    ('coreCount', 'core_count', 'integer'),
    ('processorType', 'processor_type', 'text'),
    ('processorSpeed', 'processor_speed', 'integer'),
    ('processorManufacturer', 'processor_manufacturer', 'text'),
]) }}
