{# Every period is numbered among those of its agreement, contract or licence, as agreements' periods have no id of their own. #}
with agreement_periods as (
    select
        'agreement' as kind,
        periods.tenant_id,
        periods.id as source_id,
        agreements.name,
        details.manufacturer_name as supplier,
        cast(null as {{ dbt.type_string() }}) as organization_id,
        cast(null as {{ dbt.type_string() }}) as application_id,
        periods.valid_from as starts_at,
        periods.valid_to as ends_at,
        details.renewal_days as notice_days,
        cast(null as {{ dbt.type_numeric() }}) as amount,
        cast(null as {{ dbt.type_string() }}) as amount_currency
    from {{ ref('stg_snow_atlas__agreement_periods') }} as periods
    left join {{ ref('stg_snow_atlas__agreements') }} as agreements
        on agreements.tenant_id = periods.tenant_id and agreements.id = periods.id
    left join {{ ref('stg_snow_atlas__agreement_details') }} as details
        on details.tenant_id = periods.tenant_id and details.id = periods.id
),

contract_periods as (
    select
        'contract' as kind,
        periods.tenant_id,
        periods.id as source_id,
        contracts.name,
        details.manufacturer_name as supplier,
        cast(null as {{ dbt.type_string() }}) as organization_id,
        cast(null as {{ dbt.type_string() }}) as application_id,
        periods.valid_from as starts_at,
        periods.valid_to as ends_at,
        details.renewal_days as notice_days,
        cast(null as {{ dbt.type_numeric() }}) as amount,
        cast(null as {{ dbt.type_string() }}) as amount_currency
    from {{ ref('stg_snow_atlas__contract_periods') }} as periods
    left join {{ ref('stg_snow_atlas__contracts') }} as contracts
        on contracts.tenant_id = periods.tenant_id and contracts.id = periods.id
    left join {{ ref('stg_snow_atlas__contract_details') }} as details
        on details.tenant_id = periods.tenant_id and details.id = periods.id
),

maintenance_periods as (
    select
        'maintenance' as kind,
        periods.tenant_id,
        periods.license_id as source_id,
        applications.name,
        licenses.vendor as supplier,
        licenses.organization_id,
        licenses.application_id,
        periods.valid_from as starts_at,
        periods.valid_to as ends_at,
        cast(null as {{ dbt.type_bigint() }}) as notice_days,
        case
            when periods.maintenance_cost is not null or periods.support_cost is not null
            then coalesce(periods.maintenance_cost, 0) + coalesce(periods.support_cost, 0)
        end as amount,
        periods.purchase_currency as amount_currency
    from {{ ref('stg_snow_atlas__license_maintenance_periods') }} as periods
    left join {{ ref('stg_snow_atlas__licenses') }} as licenses
        on licenses.tenant_id = periods.tenant_id and licenses.id = periods.license_id
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = licenses.tenant_id and applications.id = licenses.application_id
    where coalesce(licenses.status, '') <> 'Archived'
),

license_subscriptions as (
    select
        'licence subscription' as kind,
        licenses.tenant_id,
        licenses.id as source_id,
        applications.name,
        licenses.vendor as supplier,
        licenses.organization_id,
        licenses.application_id,
        licenses.subscription_valid_from as starts_at,
        licenses.subscription_valid_to as ends_at,
        cast(null as {{ dbt.type_bigint() }}) as notice_days,
        licenses.purchase_value as amount,
        licenses.purchase_currency as amount_currency
    from {{ ref('stg_snow_atlas__licenses') }} as licenses
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = licenses.tenant_id and applications.id = licenses.application_id
    where {{ snow_atlas.flag('licenses.is_subscription') }}
        and ({{ snow_atlas.day('licenses.subscription_valid_from') }} is not null or {{ snow_atlas.day('licenses.subscription_valid_to') }} is not null)
        and coalesce(licenses.status, '') <> 'Archived'
),

saas_subscriptions as (
    select
        'saas subscription' as kind,
        tenant_id,
        id as source_id,
        name,
        vendor as supplier,
        cast(null as {{ dbt.type_string() }}) as organization_id,
        cast(null as {{ dbt.type_string() }}) as application_id,
        start_date as starts_at,
        expiration_date as ends_at,
        cast(null as {{ dbt.type_bigint() }}) as notice_days,
        cost_per_unit * purchased as amount,
        currency as amount_currency
    from {{ ref('stg_snow_atlas__saas_servicenow_subscriptions') }}
),

periods as (
    select * from agreement_periods
    union all
    select * from contract_periods
    union all
    select * from maintenance_periods
    union all
    select * from license_subscriptions
    union all
    select * from saas_subscriptions
),

dated as (
    select
        *,
        {{ snow_atlas.day('starts_at') }} as starts_on,
        {{ snow_atlas.day('ends_at') }} as ends_on
    from periods
),

numbered as (
    select
        *,
        row_number() over (
            partition by tenant_id, kind, source_id
            order by
                case when starts_on is null then 1 else 0 end, starts_on,
                case when ends_on is null then 1 else 0 end, ends_on,
                amount
        ) as period_number,
        max(ends_on) over (partition by tenant_id, kind, source_id) as last_ends_on,
        max(case when ends_on is null then 1 else 0 end) over (partition by tenant_id, kind, source_id) as has_open_end
    from dated
)

select
    tenant_id,
    kind,
    source_id,
    period_number,
    name,
    supplier,
    organization_id,
    application_id,
    starts_on,
    ends_on,
    notice_days,
    {{ snow_atlas.add_days('ends_on', '-notice_days') }} as notice_on,
    {{ snow_atlas.days_between(snow_atlas.today(), 'ends_on') }} as days_left,
    case
        when ends_on < {{ snow_atlas.today() }} then 'ended'
        when starts_on > {{ snow_atlas.today() }} then 'upcoming'
        else 'running'
    end as status,
    case
        when kind in ('agreement', 'contract', 'maintenance') and ends_on is not null
        then last_ends_on > ends_on or has_open_end = 1
    end as is_renewed,
    {{ snow_atlas.money('amount', 'amount_currency') }} as amount,
    {{ snow_atlas.money_currency('amount_currency') }} as currency
from numbered
