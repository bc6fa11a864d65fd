{{ snow_atlas.history_config(every='month') }}
{% set today -%}
    select tenant_id, computer_id, kind, purchase_value, currency
    from {{ ref('snow_atlas__hardware_refresh') }}
{%- endset %}
{{ snow_atlas.history_of(today, every='month') }}
