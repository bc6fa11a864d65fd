{{ snow_atlas.history_config() }}
{% set today -%}
    select tenant_id, kind, source_id, period_number, name, supplier, ends_on, notice_on, amount, currency
    from {{ ref('snow_atlas__renewals') }}
    where status <> 'ended' and not {{ snow_atlas.flag('is_renewed') }} and ends_on <= {{ snow_atlas.add_days(snow_atlas.today(), 365) }}
{%- endset %}
{{ snow_atlas.history_of(today) }}
