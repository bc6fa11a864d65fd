{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_user_applications', [
    ('userId', 'user_id', 'text'),
    ('discoveryTypes', 'discovery_types', 'json'),
    ('id', 'id', 'text'),
    ('lastActive', 'last_active', 'timestamp'),
    ('name', 'name', 'text'),
    ('vendor', 'vendor', 'text'),
    ('vendorId', 'vendor_id', 'text'),
], key=['userId', 'id']) }}
