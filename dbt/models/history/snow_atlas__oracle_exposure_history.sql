{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, kind, product_id, product_name, product_edition, version, estate_type, estate_id, estate_name, metric,
        required_processors, assigned_processors, required_users, assigned_users, shortfall, is_used_without_license,
        shortfall_cost_base, finding
    from {{ ref('snow_atlas__oracle_exposure') }}
{%- endset %}
{{ snow_atlas.history_of(today) }}
