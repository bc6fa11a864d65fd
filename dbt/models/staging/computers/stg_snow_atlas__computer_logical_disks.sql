{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_logical_disks', [
    ('recordKey', 'record_key', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('name', 'name', 'text'),
    ('volumeName', 'volume_name', 'text'),
    ('isSystemDisk', 'is_system_disk', 'boolean'),
    ('diskSizeMB', 'disk_size_mb', 'integer'),
    ('freeSpaceMB', 'free_space_mb', 'integer'),
    ('isUpdated', 'is_updated', 'boolean'),
], key=['recordKey']) }}
