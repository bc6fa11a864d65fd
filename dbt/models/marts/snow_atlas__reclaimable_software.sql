{%- set unused_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_unused_days', 90) | int)) -%}
{%- set found_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_never_used_days', 90) | int)) -%}
with unused as (
    select
        installations.tenant_id,
        installations.computer_id,
        installations.application_id,
        computers.host_name as computer_name,
        computers.organization_id,
        applications.name as application_name,
        applications.manufacturer,
        installations.is_in_suite,
        installations.first_discovered as discovered_on,
        installations.last_used as last_used_on
    from {{ ref('int_snow_atlas__installations') }} as installations
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = installations.tenant_id and computers.id = installations.computer_id
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = installations.tenant_id and applications.id = installations.application_id
    where installations.is_installed
        and case
            when installations.last_used is not null then installations.last_used < {{ unused_before }}
            else installations.first_discovered < {{ found_before }}
        end
        {# One condition on both tables: with two, a planner may underestimate the largest table. #}
        and case
            when computers.status in ('Inactive', 'Quarantined') then false
            when applications.is_os then false
            when applications.is_no_license_required then false
            else true
        end
),

purchase_prices as (
    {{ snow_atlas.purchase_prices(['tenant_id', 'application_id']) }}
),

{# The price of the cheapest of several metrics: a much higher mean price has to be based on many licences. #}
metric_prices as (
    select tenant_id, application_id, currency, min(unit_price) as lowest_price
    from (
        {{ snow_atlas.purchase_prices(['tenant_id', 'application_id', 'metric_id']) }}
    ) as by_metric
    group by tenant_id, application_id, currency
    having count(*) > 1
),

list_prices as (
    select tenant_id, application_id, unit_price, currency
    from (
        select *, row_number() over (partition by tenant_id, application_id order by metric_id) as choice
        from (
            {{ snow_atlas.list_prices() }}
        ) as prices
        where is_default
    ) as numbered
    where choice = 1
),

used as (
    select distinct tenant_id, application_id
    from {{ ref('int_snow_atlas__installations') }}
    where last_used is not null
),

{# Licences owned, by Snow Atlas' count. If it counts none, the recorded licences with a yearly cost; if its counts were not synced, all
   recorded licences. #}
positions as (
    select
        tenant_id,
        application_id,
        sum(case when entitled > 0 then entitled else 0 end) as entitled,
        sum(coalesce(under_licensed, 0)) as short
    from {{ ref('snow_atlas__license_position') }}
    where scope = 'estate'
    group by tenant_id, application_id
),

recorded as (
    select
        tenant_id,
        application_id,
        sum(quantity) as quantity,
        sum(
            case when {{ snow_atlas.flag('is_subscription') }} or active_maintenance_cost > 0 or active_support_cost > 0
            then quantity else 0 end
        ) as quantity_with_yearly_cost
    from {{ ref('stg_snow_atlas__licenses') }}
    where coalesce(status, '') <> 'Archived'
        and not {{ snow_atlas.flag('is_incomplete') }}
        and quantity > 0
        and not (
            {{ snow_atlas.flag('is_subscription') }}
            and coalesce({{ snow_atlas.day('subscription_valid_to') }} < {{ snow_atlas.today() }}, false)
        )
    group by tenant_id, application_id
),

priced as (
    select
        unused.*,
        case
            when unused.last_used_on is not null then 'unused'
            when used.application_id is not null then 'never used'
            else 'use not recorded'
        end as reason,
        cast(
            case
                when positions.entitled > 0 then positions.entitled
                when positions.application_id is not null then coalesce(recorded.quantity_with_yearly_cost, 0)
                else coalesce(recorded.quantity, 0)
            end as {{ dbt.type_bigint() }}
        ) as licenses_owned,
        cast(coalesce(positions.short, 0) as {{ dbt.type_bigint() }}) as licenses_short,
        coalesce(purchase_prices.unit_price, list_prices.unit_price) as license_price,
        case
            when purchase_prices.unit_price is not null then 'purchases'
            when list_prices.unit_price is not null then 'list price'
        end as price_source,
        coalesce(purchase_prices.purchases, 0) as price_purchases,
        coalesce(purchase_prices.licenses, 0) as price_licenses,
        purchase_prices.last_bought_on as price_last_bought_on,
        coalesce(
            metric_prices.lowest_price,
            case
                when purchase_prices.unit_price is not null and list_prices.currency = purchase_prices.currency
                then list_prices.unit_price
            end
        ) as other_price,
        case
            when purchase_prices.unit_price is not null then purchase_prices.currency
            else list_prices.currency
        end as currency
    from unused
    left join used on used.tenant_id = unused.tenant_id and used.application_id = unused.application_id
    left join positions on positions.tenant_id = unused.tenant_id and positions.application_id = unused.application_id
    left join recorded on recorded.tenant_id = unused.tenant_id and recorded.application_id = unused.application_id
    left join purchase_prices
        on purchase_prices.tenant_id = unused.tenant_id and purchase_prices.application_id = unused.application_id
    left join metric_prices
        on metric_prices.tenant_id = unused.tenant_id
        and metric_prices.application_id = unused.application_id
        and metric_prices.currency = purchase_prices.currency
    left join list_prices
        on list_prices.tenant_id = unused.tenant_id and list_prices.application_id = unused.application_id
),

{# Number the installations that may free a licence, the longest unused first. #}
numbered as (
    select
        *,
        case when not is_in_suite and reason <> 'use not recorded' then
            row_number() over (
                partition by tenant_id, application_id, case when is_in_suite or reason = 'use not recorded' then 1 else 0 end
                order by coalesce(last_used_on, discovered_on), computer_id
            )
        end as place
    from priced
),

judged as (
    select
        *,
        case
            when is_in_suite then 'part of a suite'
            when reason = 'use not recorded' then 'use not recorded'
            when place <= licenses_short then 'lowers the shortfall'
            when place <= licenses_short + licenses_owned then 'frees a licence'
            when licenses_owned = 0 then 'no licence owned'
            else 'beyond the licences owned'
        end as effect
    from numbered
)

select
    tenant_id,
    computer_id,
    application_id,
    computer_name,
    organization_id,
    application_name,
    manufacturer,
    is_in_suite,
    discovered_on,
    last_used_on,
    {{ snow_atlas.days_between('coalesce(last_used_on, discovered_on)', snow_atlas.today()) }} as days_unused,
    reason,
    effect,
    licenses_owned,
    licenses_short,
    license_price,
    price_source,
    price_purchases,
    price_licenses,
    price_last_bought_on,
    other_price,
    {{ snow_atlas.is_weak_price('license_price', 'price_licenses', 'other_price', '0') }} as is_weak_price,
    case when effect = 'frees a licence' then round(license_price, 2) end as saving,
    case when effect = 'lowers the shortfall' then round(license_price, 2) end as shortfall_lowered,
    currency
from judged
