{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, application_id, organization_id, application_name, manufacturer, is_operating_system, status, ends_on,
        computers, computers_in_use, computers_in_use_by_suite, servers
    from {{ ref('snow_atlas__software_lifecycle') }}
{%- endset %}
{{ snow_atlas.history_of(today) }}
