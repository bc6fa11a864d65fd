{# A seat is a user's subscription in either stream; the prices are in the one that is read for each user, the states in the one that
   is read for each subscription. #}
with user_subscriptions as (
    select * from {{ ref('stg_snow_atlas__saas_user_subscriptions') }}
),

subscription_users as (
    select * from {{ ref('stg_snow_atlas__saas_subscription_users') }}
),

applications as (
    select * from {{ ref('stg_snow_atlas__saas_applications') }}
),

application_licenses as (
    select
        applications.tenant_id,
        applications.id as application_id,
        {{ snow_atlas.json_field(snow_atlas.json_element('license'), 'id') }} as subscription_id
    from applications
    {{ snow_atlas.json_elements('applications.licenses', 'license') }}
),

{# A subscription that several applications list is of none of them for certain. #}
application_of_subscription as (
    select tenant_id, subscription_id, min(application_id) as application_id
    from application_licenses
    group by tenant_id, subscription_id
    having min(application_id) = max(application_id)
),

name_of_subscription as (
    select
        tenant_id,
        id as subscription_id,
        min(name) as subscription_name,
        min(vendor) as vendor,
        min(application_name) as application_name
    from user_subscriptions
    group by tenant_id, id
),

organization_of_address as (
    select tenant_id, lower(email) as address, min(organization_id) as organization_id
    from {{ ref('stg_snow_atlas__user_account_details') }}
    where email is not null
    group by tenant_id, lower(email)
    having min(organization_id) = max(organization_id)
),

held as (
    select tenant_id, id as subscription_id, user_id from user_subscriptions
    union distinct
    select tenant_id, subscription_id, id as user_id from subscription_users
),

seats as (
    select
        held.tenant_id,
        coalesce(priced.application_id, application_of_subscription.application_id) as application_id,
        coalesce(priced.application_name, names.application_name) as application_name,
        coalesce(priced.vendor, names.vendor) as vendor,
        held.subscription_id,
        coalesce(priced.name, names.subscription_name) as subscription_name,
        held.user_id,
        coalesce(users.department, stated.department) as department,
        coalesce(users.country, stated.country) as country,
        lower(coalesce(users.email, stated.email)) as address,
        coalesce(users.is_enabled, stated.is_enabled) as is_account_enabled,
        stated.employment_status,
        {{ snow_atlas.day('priced.first_discovered') }} as assigned_since,
        stated.status as reported_status,
        case
            when lower(stated.status) = 'no activity' then null
            else coalesce({{ snow_atlas.day('stated.last_active') }}, {{ snow_atlas.day('priced.last_activity') }})
        end as last_active_on,
        priced.total_cost_per_month,
        priced.potential_savings
    from held
    left join user_subscriptions as priced
        on priced.tenant_id = held.tenant_id and priced.id = held.subscription_id and priced.user_id = held.user_id
    left join subscription_users as stated
        on stated.tenant_id = held.tenant_id and stated.subscription_id = held.subscription_id and stated.id = held.user_id
    left join application_of_subscription
        on application_of_subscription.tenant_id = held.tenant_id
        and application_of_subscription.subscription_id = held.subscription_id
    left join name_of_subscription as names
        on names.tenant_id = held.tenant_id and names.subscription_id = held.subscription_id
    left join {{ ref('stg_snow_atlas__saas_users') }} as users
        on users.tenant_id = held.tenant_id and users.id = held.user_id
),

judged as (
    select
        seats.*,
        {{ snow_atlas.days_between('last_active_on', snow_atlas.today()) }} as days_idle,
        case
            when lower(reported_status) = 'not monitored' then 'not monitored'
            when lower(reported_status) = 'no activity' then 'never used'
            when last_active_on is null and lower(reported_status) = 'active' then 'active'
            when last_active_on is null and lower(reported_status) = 'inactive' then 'idle'
            {# Snow Atlas counts savings of users who are inactive or have no activity. #}
            when last_active_on is null and reported_status is null and potential_savings > 0 then 'never used'
            when last_active_on is null then 'unknown'
            when {{ snow_atlas.days_between('last_active_on', snow_atlas.today()) }} > {{ var('snow_atlas_saas_idle_days', 30) | int }}
                then 'idle'
            else 'active'
        end as activity
    from seats
),

priced_seats as (
    select
        judged.tenant_id,
        judged.application_id,
        coalesce(applications.name, judged.application_name) as application_name,
        coalesce(applications.vendor, judged.vendor) as vendor,
        judged.subscription_id,
        judged.subscription_name,
        judged.user_id,
        judged.department,
        judged.country,
        organization_of_address.organization_id,
        judged.is_account_enabled,
        judged.employment_status,
        judged.assigned_since,
        judged.last_active_on,
        judged.days_idle,
        judged.activity,
        judged.activity in ('idle', 'never used') as is_unused,
        judged.reported_status,
        coalesce(
            judged.total_cost_per_month,
            round(cast(applications.yearly_cost / nullif(12 * applications.purchased, 0) as {{ dbt.type_numeric() }}), 2)
        ) as cost_per_month,
        case
            when judged.total_cost_per_month is not null then 'subscription'
            when applications.yearly_cost is not null and applications.purchased <> 0 then 'application average'
        end as cost_basis,
        judged.potential_savings
    from judged
    left join applications
        on applications.tenant_id = judged.tenant_id and applications.id = judged.application_id
    left join organization_of_address
        on organization_of_address.tenant_id = judged.tenant_id and organization_of_address.address = judged.address
)

select
    tenant_id,
    application_id,
    application_name,
    vendor,
    subscription_id,
    subscription_name,
    user_id,
    department,
    country,
    organization_id,
    is_account_enabled,
    employment_status,
    assigned_since,
    last_active_on,
    days_idle,
    activity,
    is_unused,
    reported_status,
    {{ snow_atlas.money('cost_per_month', snow_atlas.saas_currency()) }} as cost_per_month,
    cost_basis,
    {{ snow_atlas.money('case when is_unused then cost_per_month when cost_per_month is not null then 0 end', snow_atlas.saas_currency()) }}
        as saving_per_month,
    {{ snow_atlas.money('potential_savings', snow_atlas.saas_currency()) }} as reported_saving_per_month,
    {{ snow_atlas.money_currency(snow_atlas.saas_currency()) }} as currency
from priced_seats
