{# Snow Atlas has the figures of today and those of 30 days ago. Where both days are in the same month, only today's are shown. #}
with applications as (
    select * from {{ ref('stg_snow_atlas__saas_applications') }}
),

seat_counts as (
    select
        tenant_id,
        application_id,
        count(case when activity = 'active' then 1 end) as active_seats,
        count(case when activity = 'idle' then 1 end) as idle_seats,
        count(case when activity = 'never used' then 1 end) as never_used_seats,
        count(case when activity in ('not monitored', 'unknown') then 1 end) as other_seats,
        count(case when is_unused and cost_per_month is null then 1 end) as unpriced_unused_seats,
        sum(saving_per_month) as cost_of_unused,
        count(case when cost_per_month is null then 1 end) as unpriced_seats,
        sum(cost_per_month) as cost_of_seats
    from {{ ref('snow_atlas__saas_seats') }}
    where application_id is not null
    group by tenant_id, application_id
),

key_figures as (
    select * from {{ ref('stg_snow_atlas__saas_application_kpis') }}
),

{# Null if the stream was not read; 0 if it was, and the application has no assigned seats. #}
today as (
    select
        applications.tenant_id,
        applications.id as application_id,
        {{ snow_atlas.today() }} as as_of,
        true as is_current,
        coalesce(key_figures.monthly_cost_value_current, round(cast(applications.yearly_cost / 12 as {{ dbt.type_numeric() }}), 2)) as cost,
        case
            when key_figures.monthly_cost_value_current is not null then 'key figure'
            when applications.yearly_cost is not null then 'yearly cost'
        end as cost_basis,
        coalesce(key_figures.subscriptions_value_current, applications.purchased) as seats,
        applications.assigned as assigned_seats,
        coalesce(key_figures.unassigned_subscriptions_value_current, applications.available) as unassigned_seats,
        coalesce(key_figures.total_users_value_current, applications.total_unique_users) as users,
        applications.active as reported_active,
        applications.inactive as reported_inactive,
        seat_counts.application_id is not null or coalesce(applications.assigned, -1) = 0 as has_seats_read,
        seat_counts.active_seats,
        seat_counts.idle_seats,
        seat_counts.never_used_seats,
        seat_counts.other_seats,
        seat_counts.cost_of_unused,
        seat_counts.unpriced_unused_seats,
        seat_counts.cost_of_seats,
        seat_counts.unpriced_seats
    from applications
    left join key_figures
        on key_figures.tenant_id = applications.tenant_id and key_figures.id = applications.id
    left join seat_counts
        on seat_counts.tenant_id = applications.tenant_id and seat_counts.application_id = applications.id
),

thirty_days_ago as (
    select
        applications.tenant_id,
        applications.id as application_id,
        {{ snow_atlas.add_days(snow_atlas.today(), -30) }} as as_of,
        false as is_current,
        key_figures.monthly_cost_value_30_days_ago as cost,
        case when key_figures.monthly_cost_value_30_days_ago is not null then 'key figure' end as cost_basis,
        key_figures.subscriptions_value_30_days_ago as seats,
        cast(null as {{ dbt.type_bigint() }}) as assigned_seats,
        key_figures.unassigned_subscriptions_value_30_days_ago as unassigned_seats,
        key_figures.total_users_value_30_days_ago as users,
        cast(null as {{ dbt.type_bigint() }}) as reported_active,
        cast(null as {{ dbt.type_bigint() }}) as reported_inactive,
        false as has_seats_read,
        cast(null as {{ dbt.type_bigint() }}) as active_seats,
        cast(null as {{ dbt.type_bigint() }}) as idle_seats,
        cast(null as {{ dbt.type_bigint() }}) as never_used_seats,
        cast(null as {{ dbt.type_bigint() }}) as other_seats,
        cast(null as {{ dbt.type_numeric() }}) as cost_of_unused,
        cast(null as {{ dbt.type_bigint() }}) as unpriced_unused_seats,
        cast(null as {{ dbt.type_numeric() }}) as cost_of_seats,
        cast(null as {{ dbt.type_bigint() }}) as unpriced_seats
    from applications
    inner join key_figures
        on key_figures.tenant_id = applications.tenant_id and key_figures.id = applications.id
    where (
            key_figures.monthly_cost_value_30_days_ago is not null
            or key_figures.subscriptions_value_30_days_ago is not null
            or key_figures.total_users_value_30_days_ago is not null
        )
        and {{ dbt.date_trunc('month', snow_atlas.add_days(snow_atlas.today(), -30)) }}
            < {{ dbt.date_trunc('month', snow_atlas.today()) }}
),

{# Prices of seats have been converted by the mart snow_atlas__saas_seats, so that only the costs of applications are converted here. #}
figures as (
    select
        both_days.*,
        {{ snow_atlas.money('cost', snow_atlas.saas_currency()) }} as converted_cost,
        {{ snow_atlas.money('cost', snow_atlas.saas_currency()) }} - coalesce(cost_of_seats, 0) as cost_left
    from (
        select * from today
        union all
        select * from thirty_days_ago
    ) as both_days
)

select
    figures.tenant_id,
    figures.application_id,
    cast({{ dbt.date_trunc('month', 'figures.as_of') }} as date) as month,
    figures.as_of,
    figures.is_current,
    applications.name as application_name,
    applications.vendor,
    applications.category_name as category,
    applications.sanctioned as is_sanctioned,
    applications.single_sign_on as has_single_sign_on,
    applications.risk_score,
    applications.ai_category,
    applications.ai_subcategory,
    applications.discovery_date as discovered_on,
    figures.converted_cost as cost,
    figures.cost_basis,
    figures.seats,
    figures.assigned_seats,
    figures.unassigned_seats,
    figures.users,
    figures.reported_active,
    figures.reported_inactive,
    case when figures.has_seats_read then coalesce(figures.active_seats, 0) end as active_seats,
    case when figures.has_seats_read then coalesce(figures.idle_seats, 0) end as idle_seats,
    case when figures.has_seats_read then coalesce(figures.never_used_seats, 0) end as never_used_seats,
    case when figures.has_seats_read then coalesce(figures.other_seats, 0) end as other_seats,
    case
        when figures.has_seats_read and coalesce(figures.unpriced_unused_seats, 0) = 0 then coalesce(figures.cost_of_unused, 0)
    end as cost_of_unused,
    case
        when not figures.has_seats_read or coalesce(figures.unpriced_seats, 0) > 0 then null
        when figures.cost_left > 0 then figures.cost_left
        when figures.cost_left is not null then 0
    end as cost_of_unassigned,
    {{ snow_atlas.money_currency(snow_atlas.saas_currency()) }} as currency
from figures
inner join applications
    on applications.tenant_id = figures.tenant_id and applications.id = figures.application_id
