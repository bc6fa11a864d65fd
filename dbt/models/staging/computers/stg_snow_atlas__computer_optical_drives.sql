{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_optical_drives', [
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('diskSizeMB', 'disk_size_mb', 'integer'),
    ('isUpdated', 'is_updated', 'boolean'),
]) }}
