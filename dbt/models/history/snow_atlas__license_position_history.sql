{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, scope, application_id, metric_id, organization_id, application_name, manufacturer, metric_name,
        entitled, covered, required, balance, over_licensed, under_licensed, position, installations,
        unit_price, is_weak_price, exposure, surplus_value, currency
    from {{ ref('snow_atlas__license_position') }}
{%- endset %}
{{ snow_atlas.history_of(today) }}
