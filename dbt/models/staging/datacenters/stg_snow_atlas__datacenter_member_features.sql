{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('datacenter_member_features', [
    ('recordKey', 'record_key', 'text'),
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('featureName', 'feature_name', 'text'),
    ('isRequiresLicense', 'is_requires_license', 'boolean'),
    ('isActive', 'is_active', 'boolean'),
    ('sourceId', 'source_id', 'integer'),
], key=['recordKey']) }}
