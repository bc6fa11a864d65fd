{{ snow_atlas.history_config() }}
{% set today -%}
    select tenant_id, check_name, title, area, failing, checked, status
    from {{ ref('snow_atlas__data_quality') }}
{%- endset %}
{{ snow_atlas.history_of(today) }}
