{# Each kind of cost is added up by organization, month and currency first; only those sums go up the tree. #}
with recursive organizations as (
    select * from {{ ref('stg_snow_atlas__organizations') }}
),

{# Each organization with itself and all that is above it. A tree that runs in a circle ends at the level below. #}
above as (
    select
        tenant_id,
        id as organization_id,
        id as above_id,
        parent_id as next_id,
        0 as steps,
        coalesce(name, id) as path
    from organizations
    union all
    select
        above.tenant_id,
        above.organization_id,
        organizations.id,
        organizations.parent_id,
        above.steps + 1,
        {{ dbt.concat(["coalesce(organizations.name, organizations.id)", "' > '", "above.path"]) }}
    from above
    inner join organizations
        on organizations.tenant_id = above.tenant_id and organizations.id = above.next_id
    where above.steps < 30 and organizations.id <> above.organization_id
),

lineage as (
    select distinct tenant_id, organization_id, above_id
    from above
),

places as (
    select above.tenant_id, above.organization_id, above.path, above.steps as organization_level
    from above
    left join organizations as higher
        on higher.tenant_id = above.tenant_id and higher.id = above.next_id
    where higher.id is null
),

{# A computer's purchase is in either of two streams. #}
purchases as (
    select
        coalesce(costs.tenant_id, details.tenant_id) as tenant_id,
        coalesce(costs.computer_id, details.id) as computer_id,
        details.organization_id,
        coalesce(costs.purchase_price, details.purchase_value) as amount,
        case when costs.purchase_price is not null then costs.purchase_currency else details.purchase_currency end as currency,
        case when costs.purchase_price is not null then costs.purchase_date else details.purchase_date end as booked_at
    from {{ ref('stg_snow_atlas__computer_costs') }} as costs
    full outer join {{ ref('stg_snow_atlas__computer_details') }} as details
        on details.tenant_id = costs.tenant_id and details.id = costs.computer_id
),

hardware as (
    select
        purchases.tenant_id,
        coalesce(computers.organization_id, purchases.organization_id) as organization_id,
        purchases.booked_at,
        purchases.currency,
        'hardware' as kind,
        purchases.amount
    from purchases
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = purchases.tenant_id and computers.id = purchases.computer_id
    where purchases.amount is not null
),

licenses as (
    select * from {{ ref('stg_snow_atlas__licenses') }}
),

shares as (
    select * from {{ ref('stg_snow_atlas__license_costs') }}
),

shared_licenses as (
    select
        tenant_id,
        license_id,
        sum(case when license_purchase_cost is not null then 1 else 0 end) as priced_shares,
        cast(sum(case when license_quantity > 0 then license_quantity else 0 end) as {{ dbt.type_bigint() }}) as quantity
    from shares
    group by tenant_id, license_id
),

license_purchases as (
    select
        shares.tenant_id,
        shares.organization_id,
        licenses.purchase_date as booked_at,
        coalesce(shares.currency, licenses.purchase_currency) as currency,
        'licence' as kind,
        shares.license_purchase_cost as amount
    from shares
    left join licenses on licenses.tenant_id = shares.tenant_id and licenses.id = shares.license_id
    where shares.license_purchase_cost is not null
    union all
    select
        licenses.tenant_id,
        licenses.organization_id,
        licenses.purchase_date,
        licenses.purchase_currency,
        'licence',
        licenses.purchase_value
    from licenses
    left join shared_licenses
        on shared_licenses.tenant_id = licenses.tenant_id and shared_licenses.license_id = licenses.id
    where licenses.purchase_value is not null and coalesce(shared_licenses.priced_shares, 0) = 0
),

{# Amounts that are shared are converted before, so that the shares add up to them. #}
periods as (
    select
        tenant_id,
        id,
        license_id,
        valid_from as booked_at,
        {{ snow_atlas.money_currency('purchase_currency') }} as currency,
        {{ snow_atlas.money('coalesce(maintenance_cost, 0) + coalesce(support_cost, 0)', 'purchase_currency') }} as amount
    from {{ ref('stg_snow_atlas__license_maintenance_periods') }}
    where maintenance_cost is not null or support_cost is not null
),

bearers as (
    select
        shares.tenant_id,
        shares.license_id,
        shares.organization_id,
        cast(sum(shares.license_quantity) over (
            partition by shares.tenant_id, shares.license_id
            order by shares.organization_id
            rows between unbounded preceding and current row
        ) as {{ dbt.type_bigint() }}) as quantity_so_far,
        shared_licenses.quantity
    from shares
    inner join shared_licenses
        on shared_licenses.tenant_id = shares.tenant_id and shared_licenses.license_id = shares.license_id
    where shares.license_quantity > 0
),

{# What the organizations up to this one bear together. The last has the whole, so that nothing is lost by rounding. #}
borne as (
    select
        periods.tenant_id,
        periods.id,
        bearers.organization_id,
        periods.booked_at,
        periods.currency,
        bearers.quantity_so_far,
        case
            when bearers.quantity_so_far = bearers.quantity then periods.amount
            else round(cast(periods.amount * bearers.quantity_so_far / bearers.quantity as {{ dbt.type_numeric() }}), 2)
        end as amount_so_far
    from periods
    inner join bearers
        on bearers.tenant_id = periods.tenant_id and bearers.license_id = periods.license_id
),

maintenance as (
    select
        tenant_id,
        organization_id,
        booked_at,
        currency,
        'maintenance' as kind,
        amount_so_far - coalesce(lag(amount_so_far) over (partition by tenant_id, id order by quantity_so_far), 0) as amount
    from borne
    union all
    select
        periods.tenant_id,
        licenses.organization_id,
        periods.booked_at,
        periods.currency,
        'maintenance',
        periods.amount
    from periods
    left join licenses on licenses.tenant_id = periods.tenant_id and licenses.id = periods.license_id
    left join shared_licenses
        on shared_licenses.tenant_id = periods.tenant_id and shared_licenses.license_id = periods.license_id
    where coalesce(shared_licenses.quantity, 0) = 0
),

seats as (
    select tenant_id, application_id, organization_id, currency, sum(cost_per_month) as cost
    from {{ ref('snow_atlas__saas_seats') }}
    where cost_per_month is not null
    group by tenant_id, application_id, organization_id, currency
),

seats_by_application as (
    select tenant_id, application_id, sum(cost) as cost
    from seats
    where application_id is not null
    group by tenant_id, application_id
),

booked as (
    select
        tenant_id,
        organization_id,
        booked_at,
        {{ snow_atlas.money_currency('currency') }} as currency,
        kind,
        {{ snow_atlas.money('amount', 'currency') }} as amount
    from (
        select * from hardware
        union all
        select * from license_purchases
    ) as purchased
    union all
    select * from maintenance
),

{# The amounts of SaaS have been converted by its marts. #}
costs as (
    select
        tenant_id,
        organization_id,
        cast({{ dbt.date_trunc('month', snow_atlas.day('booked_at')) }} as date) as month,
        currency,
        kind,
        amount
    from booked
    union all
    select tenant_id, organization_id, cast({{ dbt.date_trunc('month', snow_atlas.today()) }} as date), currency, 'saas', cost
    from seats
    union all
    select
        spend.tenant_id,
        cast(null as {{ dbt.type_string() }}),
        spend.month,
        spend.currency,
        'saas',
        spend.cost - coalesce(seats_by_application.cost, 0)
    from {{ ref('snow_atlas__saas_spend') }} as spend
    left join seats_by_application
        on seats_by_application.tenant_id = spend.tenant_id and seats_by_application.application_id = spend.application_id
    where spend.is_current and spend.cost is not null
),

own as (
    select
        costs.tenant_id,
        case
            when costs.organization_id is null then 'no organization'
            when organizations.id is null then 'unknown organization'
            else 'organization'
        end as allocation,
        costs.organization_id,
        costs.month,
        costs.currency,
        sum(case when costs.kind = 'hardware' then costs.amount else 0 end) as hardware_cost,
        sum(case when costs.kind = 'licence' then costs.amount else 0 end) as license_cost,
        sum(case when costs.kind = 'maintenance' then costs.amount else 0 end) as maintenance_cost,
        sum(case when costs.kind = 'saas' then costs.amount else 0 end) as saas_cost
    from costs
    left join organizations
        on organizations.tenant_id = costs.tenant_id and organizations.id = costs.organization_id
    group by 1, 2, 3, 4, 5
),

{# Own costs are those that an organization has from itself; the rest comes from below. #}
rolled_up as (
    select
        own.tenant_id,
        own.allocation,
        coalesce(lineage.above_id, own.organization_id) as organization_id,
        own.month,
        own.currency,
        {%- for kind in ['hardware', 'license', 'maintenance', 'saas'] %}
        sum(
            case when lineage.above_id is null or lineage.above_id = own.organization_id then own.{{ kind }}_cost else 0 end
        ) as {{ kind }}_cost,
        sum(own.{{ kind }}_cost) as {{ kind }}_cost_with_below{{ ',' if not loop.last }}
        {%- endfor %}
    from own
    left join lineage on lineage.tenant_id = own.tenant_id and lineage.organization_id = own.organization_id
    group by 1, 2, 3, 4, 5
)

select
    rolled_up.tenant_id,
    rolled_up.allocation,
    rolled_up.organization_id,
    organizations.name as organization_name,
    places.path as organization_path,
    places.organization_level,
    case when higher.id is not null then organizations.parent_id end as parent_organization_id,
    organizations.external_id,
    organizations.is_legal,
    rolled_up.month,
    rolled_up.hardware_cost,
    rolled_up.license_cost,
    rolled_up.maintenance_cost,
    rolled_up.saas_cost,
    rolled_up.hardware_cost + rolled_up.license_cost + rolled_up.maintenance_cost + rolled_up.saas_cost as total_cost,
    rolled_up.hardware_cost_with_below,
    rolled_up.license_cost_with_below,
    rolled_up.maintenance_cost_with_below,
    rolled_up.saas_cost_with_below,
    rolled_up.hardware_cost_with_below + rolled_up.license_cost_with_below + rolled_up.maintenance_cost_with_below
        + rolled_up.saas_cost_with_below as total_cost_with_below,
    rolled_up.currency
from rolled_up
left join organizations
    on organizations.tenant_id = rolled_up.tenant_id and organizations.id = rolled_up.organization_id
left join places on places.tenant_id = rolled_up.tenant_id and places.organization_id = rolled_up.organization_id
left join organizations as higher
    on higher.tenant_id = organizations.tenant_id and higher.id = organizations.parent_id
