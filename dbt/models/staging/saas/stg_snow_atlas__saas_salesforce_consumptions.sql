{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('saas_salesforce_consumptions', [
    ('originalId', 'original_id', 'text'),
    ('name', 'name', 'text'),
    ('resourceId', 'resource_id', 'text'),
    ('purchased', 'purchased', 'integer'),
    ('consumed', 'consumed', 'integer'),
    ('remaining', 'remaining', 'integer'),
    ('utilization', 'utilization', 'double'),
    ('usageDate', 'usage_date', 'timestamp'),
    ('frequency', 'frequency', 'text'),
    ('details', 'details', 'json'),
    ('organizationNames', 'organization_names', 'json'),
], key=['originalId']) }}
