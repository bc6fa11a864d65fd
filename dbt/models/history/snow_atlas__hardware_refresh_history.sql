{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, kind, advice, currency,
        count(*) as computers,
        sum(purchase_value) as purchase_value
    from {{ ref('snow_atlas__hardware_refresh') }}
    group by tenant_id, kind, advice, currency
{%- endset %}
{{ snow_atlas.history_of(today) }}
