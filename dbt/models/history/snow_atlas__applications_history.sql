{{ snow_atlas.history_config() }}
{% set today -%}
    select
        installations.tenant_id,
        installations.application_id,
        max(applications.name) as application_name,
        max(applications.manufacturer) as manufacturer,
        count(*) as computers
    from {{ ref('int_snow_atlas__installations') }} as installations
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = installations.tenant_id and applications.id = installations.application_id
    where installations.is_installed
    group by installations.tenant_id, installations.application_id
{%- endset %}
{{ snow_atlas.history_of(today) }}
