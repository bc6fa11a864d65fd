{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_compliance_usage', [
    ('metricId', 'metric_id', 'text'),
    ('licenseMetricId', 'license_metric_id', 'text'),
    ('otherMetricCoverage', 'other_metric_coverage', 'integer'),
    ('mainCoverage', 'main_coverage', 'integer'),
    ('isPartial', 'is_partial', 'boolean'),
    ('applicationId', 'application_id', 'text'),
], key=['applicationId', 'metricId', 'licenseMetricId']) }}
