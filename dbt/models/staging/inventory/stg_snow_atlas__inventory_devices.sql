{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('inventory_devices', [
    ('tenantId', 'device_tenant_id', 'text'),
    ('hostname', 'hostname', 'text'),
    ('originalBlobId', 'original_blob_id', 'text'),
    ('deviceId', 'device_id', 'text'),
    ('source', 'source', 'text'),
], key=['deviceId', 'source']) }}
