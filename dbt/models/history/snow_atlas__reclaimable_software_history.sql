{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, application_id, currency,
        max(application_name) as application_name,
        max(manufacturer) as manufacturer,
        count(*) as installations,
        max(licenses_owned) as licenses_owned,
        max(licenses_short) as licenses_short,
        sum(case when effect = 'frees a licence' then 1 else 0 end) as frees_a_license,
        sum(case when effect = 'lowers the shortfall' then 1 else 0 end) as lowers_the_shortfall,
        max(license_price) as license_price,
        max(case when is_weak_price then 1 else 0 end) = 1 as is_weak_price,
        sum(saving) as saving,
        sum(shortfall_lowered) as shortfall_lowered
    from {{ ref('snow_atlas__reclaimable_software') }}
    group by tenant_id, application_id, currency
{%- endset %}
{{ snow_atlas.history_of(today) }}
