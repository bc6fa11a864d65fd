{{ snow_atlas.history_config() }}
{% set today -%}
    select
        tenant_id, application_id, currency,
        max(application_name) as application_name,
        max(vendor) as vendor,
        count(*) as seats,
        sum(case when activity = 'active' then 1 else 0 end) as active_seats,
        sum(case when activity = 'idle' then 1 else 0 end) as idle_seats,
        sum(case when activity = 'never used' then 1 else 0 end) as never_used_seats,
        sum(case when is_unused then 1 else 0 end) as unused_seats,
        sum(cost_per_month) as cost_per_month,
        sum(saving_per_month) as saving_per_month
    from {{ ref('snow_atlas__saas_seats') }}
    group by tenant_id, application_id, currency
{%- endset %}
{{ snow_atlas.history_of(today) }}
