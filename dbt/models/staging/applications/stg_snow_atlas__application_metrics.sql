{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_metrics', [
    ('applicationId', 'application_id', 'text'),
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('isDefault', 'is_default', 'boolean'),
    ('minimumRequirement', 'minimum_requirement', 'integer'),
    ('metricSetting', 'metric_setting', 'text'),
    ('metricSettingIntervalType', 'metric_setting_interval_type', 'text'),
    ('metricSettingInterval', 'metric_setting_interval', 'integer'),
    ('customCompareValueType', 'custom_compare_value_type', 'text'),
    ('concurrencyInterval', 'concurrency_interval', 'integer'),
    ('licenseCost', 'license_cost', 'money'),
    ('licenseCostCurrency', 'license_cost_currency', 'currency'),
    ('licenseCostBase', 'license_cost_base', 'money'),
], key=['applicationId', 'id']) }}
