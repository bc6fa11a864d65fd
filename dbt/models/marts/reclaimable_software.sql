{%- set unused_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_unused_days', 90) | int)) -%}
{%- set found_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_never_used_days', 90) | int)) -%}
{# An application may be on a computer several times: alone, and as a part of suites. What does not qualify is left out before
   names and prices are joined, as this is the largest table of all. #}
with unused as (
    select
        found.computer_id,
        found.application_id,
        cast(min(found.first_discovered) as date) as discovered_on,
        cast(max(found.last_used) as date) as last_used_on,
        min(
            case when found.bundle_application_id is not null and not {{ snow_atlas.flag('found.unbundled') }}
            then 1 else 0 end
        ) as in_suite
    from {{ ref('stg_snow_atlas__computer_applications') }} as found
    left join {{ ref('stg_snow_atlas__computers') }} as computers on computers.id = found.computer_id
    left join {{ ref('stg_snow_atlas__applications') }} as applications on applications.id = found.application_id
    where coalesce(computers.status, '') not in ('Inactive', 'Quarantined')
        and not {{ snow_atlas.flag('applications.is_os') }}
        and not {{ snow_atlas.flag('applications.is_no_license_required') }}
    group by found.computer_id, found.application_id
    having max(case when {{ snow_atlas.flag('found.is_installed') }} then 1 else 0 end) = 1
        and (
            cast(max(found.last_used) as date) < {{ unused_before }}
            or (max(found.last_used) is null and cast(min(found.first_discovered) as date) < {{ found_before }})
        )
),

used_somewhere as (
    select distinct application_id
    from {{ ref('stg_snow_atlas__computer_applications') }}
    where last_used is not null
),

purchase_prices as (
    {{ snow_atlas.purchase_prices(['application_id']) }}
),

list_prices as (
    select application_id, unit_price, currency
    from (
        select *, row_number() over (partition by application_id order by metric_id) as choice
        from (
            {{ snow_atlas.list_prices() }}
        ) as prices
        where is_default
    ) as numbered
    where choice = 1
),

priced as (
    select
        unused.*,
        case
            when unused.last_used_on is not null then 'unused'
            when used_somewhere.application_id is not null then 'never used'
            else 'use not recorded'
        end as reason,
        coalesce(purchase_prices.unit_price, list_prices.unit_price) as license_price,
        case
            when purchase_prices.unit_price is not null then 'purchases'
            when list_prices.unit_price is not null then 'list price'
        end as price_source,
        case
            when purchase_prices.unit_price is not null then purchase_prices.currency
            else list_prices.currency
        end as currency
    from unused
    left join used_somewhere on used_somewhere.application_id = unused.application_id
    left join purchase_prices on purchase_prices.application_id = unused.application_id
    left join list_prices on list_prices.application_id = unused.application_id
)

select
    priced.computer_id,
    priced.application_id,
    computers.host_name as computer_name,
    computers.organization_id,
    applications.name as application_name,
    applications.manufacturer,
    priced.in_suite = 1 as is_in_suite,
    priced.discovered_on,
    priced.last_used_on,
    {{ snow_atlas.days_between('coalesce(priced.last_used_on, priced.discovered_on)', snow_atlas.today()) }} as days_unused,
    priced.reason,
    priced.license_price,
    priced.price_source,
    case
        when priced.in_suite = 0 and priced.reason <> 'use not recorded' then round(priced.license_price, 2)
    end as saving,
    priced.currency
from priced
left join {{ ref('stg_snow_atlas__computers') }} as computers on computers.id = priced.computer_id
left join {{ ref('stg_snow_atlas__applications') }} as applications on applications.id = priced.application_id
