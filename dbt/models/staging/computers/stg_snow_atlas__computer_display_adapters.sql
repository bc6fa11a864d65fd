{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_display_adapters', [
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('currentResolution', 'current_resolution', 'text'),
    ('maxResolution', 'max_resolution', 'text'),
    ('isUpdated', 'is_updated', 'boolean'),
]) }}
