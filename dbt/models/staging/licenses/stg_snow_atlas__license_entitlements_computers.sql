{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_entitlements_computers', [
    ('computerId', 'computer_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('metricId', 'metric_id', 'text'),
    ('entitlementStateId', 'entitlement_state_id', 'text'),
], key=['computerId', 'applicationId', 'metricId']) }}
