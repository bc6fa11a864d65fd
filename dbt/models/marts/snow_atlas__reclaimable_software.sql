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
        cast(installations.first_discovered as date) as discovered_on,
        cast(installations.last_used as date) as last_used_on
    from {{ ref('int_snow_atlas__installations') }} as installations
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = installations.tenant_id and computers.id = installations.computer_id
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = installations.tenant_id and applications.id = installations.application_id
    where installations.is_installed
        and case
            when installations.last_used is not null then cast(installations.last_used as date) < {{ unused_before }}
            else cast(installations.first_discovered as date) < {{ found_before }}
        end
        {# One condition on both tables: a database that guesses at two takes the largest table for the smallest. #}
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

priced as (
    select
        unused.*,
        case
            when unused.last_used_on is not null then 'unused'
            when used.application_id is not null then 'never used'
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
    left join used on used.tenant_id = unused.tenant_id and used.application_id = unused.application_id
    left join purchase_prices
        on purchase_prices.tenant_id = unused.tenant_id and purchase_prices.application_id = unused.application_id
    left join list_prices
        on list_prices.tenant_id = unused.tenant_id and list_prices.application_id = unused.application_id
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
    license_price,
    price_source,
    case when not is_in_suite and reason <> 'use not recorded' then round(license_price, 2) end as saving,
    currency
from priced
