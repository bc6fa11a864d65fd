{%- set counters = [
    ('included_in_bundle', 'included in suites'),
    ('outside_metric_period', 'use outside the period of the metric'),
    ('secondary_use_rights_desktop_laptop', 'second use on a laptop'),
    ('secondary_use_rights_device', 'second use on a device'),
    ('extended_coverage_for_dcc', 'covered by a datacenter'),
    ('extended_coverage_for_hosts', 'covered by a host'),
    ('multiple_version_edition', 'several versions or editions'),
    ('virtual_desktop_infrastructure', 'virtual desktops'),
    ('minimum_requirement', 'minimum'),
    ('core_factor', 'core factor'),
    ('physical_host', 'physical hosts'),
    ('computer_app_exclusions', 'excluded on computers'),
    ('windows_server', 'Windows Server rules'),
    ('sql_server', 'SQL Server rules'),
] -%}
{%- set texts = [] -%}
{%- for column, label in counters -%}
    {%- do texts.append(
        "case when coalesce(" ~ column ~ ", 0) <> 0 then "
        ~ dbt.concat(["'; " ~ label ~ ": '", "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")"]) ~ " else '' end"
    ) -%}
{%- endfor -%}
{%- set this_month = dbt.date_trunc('month', snow_atlas.today()) -%}
with positions as (
    select
        'estate' as scope,
        tenant_id,
        application_id,
        metric_id,
        cast(null as {{ dbt.type_string() }}) as organization_id,
        licenses_purchased as purchased,
        available_licenses as entitled,
        total_coverage as covered,
        license_requirement as required,
        compliance as balance,
        expired_subscription_licenses as expired,
        incomplete_licenses as incomplete,
        unassigned,
        initial_requirement,
        nullif(substr({{ dbt.concat(texts) }}, 3), '') as adjusted_by
    from {{ ref('stg_snow_atlas__license_compliance_summary') }}

    union all

    select
        'organization' as scope,
        allocations.tenant_id,
        allocations.application_id,
        allocations.metric_id,
        allocations.organization_id,
        cast(null as {{ dbt.type_bigint() }}) as purchased,
        entitlements.quantity as entitled,
        allocations.coverage as covered,
        allocations.requirement as required,
        allocations.compliance as balance,
        cast(null as {{ dbt.type_bigint() }}) as expired,
        cast(null as {{ dbt.type_bigint() }}) as incomplete,
        cast(null as {{ dbt.type_bigint() }}) as unassigned,
        cast(null as {{ dbt.type_bigint() }}) as initial_requirement,
        cast(null as {{ dbt.type_string() }}) as adjusted_by
    from {{ ref('stg_snow_atlas__license_compliance_allocation') }} as allocations
    left join (
        select tenant_id, application_id, metric_id, organization_id, cast(sum(quantity) as {{ dbt.type_bigint() }}) as quantity
        from {{ ref('stg_snow_atlas__license_entitlements') }}
        group by tenant_id, application_id, metric_id, organization_id
    ) as entitlements
        on entitlements.tenant_id = allocations.tenant_id
        and entitlements.application_id = allocations.application_id
        and entitlements.metric_id = allocations.metric_id
        and entitlements.organization_id = allocations.organization_id
),

{# Only the applications that have a position: the registry is far larger. #}
positioned as (
    select distinct tenant_id, application_id from positions
),

metric_names as (
    select
        applications.tenant_id,
        applications.id as application_id,
        {{ snow_atlas.json_field(snow_atlas.json_element('metric'), 'id') }} as metric_id,
        min({{ snow_atlas.json_field(snow_atlas.json_element('metric'), 'name') }}) as name
    from {{ ref('stg_snow_atlas__applications') }} as applications
    inner join positioned
        on positioned.tenant_id = applications.tenant_id and positioned.application_id = applications.id
    {{ snow_atlas.json_elements('applications.metrics', 'metric') }}
    group by applications.tenant_id, applications.id, {{ snow_atlas.json_field(snow_atlas.json_element('metric'), 'id') }}
),

metrics as (
    select
        listed.tenant_id,
        listed.application_id,
        listed.id as metric_id,
        case metric_setting
            when 'AllDevices' then 'devices'
            when 'DevicesWithUsage' then 'devices with use'
            when 'UsersWithUsage' then 'users with use'
            when 'PrimaryUsers' then 'main users'
        end as own_count_of,
        case
            when metric_setting_interval_type = 'PeriodIncludingCurrentMonth'
            then cast({{ dbt.dateadd('month', '1 - metric_setting_interval', this_month) }} as date)
            when metric_setting_interval_type = 'PeriodExcludingCurrentMonth'
            then cast({{ dbt.dateadd('month', '-metric_setting_interval', this_month) }} as date)
        end as period_starts_on
    from {{ ref('stg_snow_atlas__application_metrics') }} as listed
    inner join positioned
        on positioned.tenant_id = listed.tenant_id and positioned.application_id = listed.application_id
),

installations as (
    select
        found.tenant_id,
        found.application_id,
        computers.most_frequent_user as main_user,
        case when found.is_installed then 1 else 0 end as is_installed,
        found.last_used as last_used_on
    from {{ ref('int_snow_atlas__installations') }} as found
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = found.tenant_id and computers.id = found.computer_id
    where coalesce(computers.status, '') <> 'Quarantined'
),

users as (
    select usage.tenant_id, usage.application_id, usage.user_id, max({{ snow_atlas.day('usage.last_used_date') }}) as last_used_on
    from {{ ref('stg_snow_atlas__computer_application_user_usage') }} as usage
    inner join (
        select distinct tenant_id, application_id from metrics where own_count_of = 'users with use'
    ) as counted_by_use
        on counted_by_use.tenant_id = usage.tenant_id and counted_by_use.application_id = usage.application_id
    group by usage.tenant_id, usage.application_id, usage.user_id
),

device_counts as (
    select
        metrics.tenant_id,
        metrics.application_id,
        metrics.metric_id,
        case metrics.own_count_of
            when 'devices' then sum(installations.is_installed)
            when 'main users' then count(
                distinct case when metrics.own_count_of = 'main users' and installations.is_installed = 1
                then installations.main_user end
            )
            when 'devices with use' then sum(
                case when installations.last_used_on >= coalesce(metrics.period_starts_on, installations.last_used_on)
                then 1 else 0 end
            )
        end as number_found
    from metrics
    inner join installations
        on installations.tenant_id = metrics.tenant_id and installations.application_id = metrics.application_id
    where metrics.own_count_of in ('devices', 'devices with use', 'main users')
    group by metrics.tenant_id, metrics.application_id, metrics.metric_id, metrics.own_count_of
),

user_counts as (
    select
        metrics.tenant_id,
        metrics.application_id,
        metrics.metric_id,
        sum(
            case when users.last_used_on >= coalesce(metrics.period_starts_on, users.last_used_on) then 1 else 0 end
        ) as number_found
    from metrics
    inner join users
        on users.tenant_id = metrics.tenant_id and users.application_id = metrics.application_id
    where metrics.own_count_of = 'users with use'
    group by metrics.tenant_id, metrics.application_id, metrics.metric_id
),

{# A stream that was not synced is not a count of 0. #}
tenants_with_use as (
    select distinct tenant_id from {{ ref('stg_snow_atlas__computer_application_user_usage') }}
),

tenants_with_installations as (
    select distinct tenant_id from {{ ref('int_snow_atlas__installations') }}
),

own_counts as (
    select
        metrics.tenant_id,
        metrics.application_id,
        metrics.metric_id,
        metrics.own_count_of,
        cast(coalesce(device_counts.number_found, user_counts.number_found, 0) as {{ dbt.type_bigint() }}) as own_count
    from metrics
    left join tenants_with_use on tenants_with_use.tenant_id = metrics.tenant_id
    left join tenants_with_installations on tenants_with_installations.tenant_id = metrics.tenant_id
    left join device_counts
        on device_counts.tenant_id = metrics.tenant_id
        and device_counts.application_id = metrics.application_id
        and device_counts.metric_id = metrics.metric_id
    left join user_counts
        on user_counts.tenant_id = metrics.tenant_id
        and user_counts.application_id = metrics.application_id
        and user_counts.metric_id = metrics.metric_id
    where
        (
            metrics.own_count_of = 'users with use'
            and tenants_with_use.tenant_id is not null
        )
        or (
            metrics.own_count_of <> 'users with use'
            and tenants_with_installations.tenant_id is not null
        )
),

purchase_prices as (
    {{ snow_atlas.purchase_prices(['tenant_id', 'application_id', 'metric_id']) }}
),

application_prices as (
    {{ snow_atlas.purchase_prices(['tenant_id', 'application_id']) }}
),

list_prices as (
    {{ snow_atlas.list_prices() }}
),

installed as (
    select tenant_id, application_id, sum(is_installed) as computers
    from installations
    group by tenant_id, application_id
),

priced as (
    select
        positions.*,
        case when balance > 0 then balance when balance <= 0 then 0 end as over_licensed,
        case when balance < 0 then -balance when balance >= 0 then 0 end as under_licensed,
        coalesce(purchase_prices.unit_price, list_prices.unit_price) as unit_price,
        case
            when purchase_prices.unit_price is not null then 'purchases'
            when list_prices.unit_price is not null then 'list price'
        end as price_source,
        coalesce(purchase_prices.currencies, 0) as price_currencies,
        case
            when purchase_prices.unit_price is not null then purchase_prices.currency
            else list_prices.currency
        end as currency,
        coalesce(purchase_prices.purchases, 0) as price_purchases,
        coalesce(purchase_prices.licenses, 0) as price_licenses,
        purchase_prices.last_bought_on as price_last_bought_on,
        {# Beside a purchase price the other metrics' purchases, or the list price; beside a list price the application's purchases. #}
        case
            when purchase_prices.other_price is not null then purchase_prices.other_price
            when purchase_prices.unit_price is not null and list_prices.currency = purchase_prices.currency then list_prices.unit_price
            when purchase_prices.unit_price is null and application_prices.currency = list_prices.currency
                then application_prices.unit_price
        end as other_price,
        case
            when purchase_prices.other_price is not null then purchase_prices.other_licenses
            when purchase_prices.unit_price is null and application_prices.currency = list_prices.currency
                then application_prices.licenses
        end as other_licenses
    from positions
    left join purchase_prices
        on purchase_prices.tenant_id = positions.tenant_id
        and purchase_prices.application_id = positions.application_id
        and purchase_prices.metric_id = positions.metric_id
    left join list_prices
        on list_prices.tenant_id = positions.tenant_id
        and list_prices.application_id = positions.application_id
        and list_prices.metric_id = positions.metric_id
    left join application_prices
        on application_prices.tenant_id = positions.tenant_id and application_prices.application_id = positions.application_id
)

select
    priced.tenant_id,
    priced.scope,
    priced.application_id,
    priced.metric_id,
    priced.organization_id,
    applications.name as application_name,
    applications.manufacturer,
    metric_names.name as metric_name,
    organizations.name as organization_name,
    priced.purchased,
    priced.entitled,
    priced.covered,
    priced.required,
    priced.balance,
    priced.over_licensed,
    priced.under_licensed,
    case when priced.balance < 0 then 'short' when priced.balance = 0 then 'balanced' when priced.balance > 0 then 'surplus' end
        as position,
    priced.expired,
    priced.incomplete,
    priced.unassigned,
    priced.initial_requirement,
    priced.required - priced.initial_requirement as adjustment,
    priced.adjusted_by,
    own_counts.own_count,
    own_counts.own_count_of,
    priced.required - own_counts.own_count as own_difference,
    case
        when priced.scope = 'estate' and tenants_with_installations.tenant_id is not null
        then cast(coalesce(installed.computers, 0) as {{ dbt.type_bigint() }})
    end as installations,
    priced.unit_price,
    priced.price_source,
    priced.price_currencies,
    priced.price_purchases,
    priced.price_licenses,
    priced.price_last_bought_on,
    priced.other_price,
    {{ snow_atlas.is_weak_price('priced.unit_price', 'priced.price_licenses', 'priced.other_price', 'priced.other_licenses') }}
        as is_weak_price,
    round(priced.under_licensed * priced.unit_price, 2) as exposure,
    round(priced.over_licensed * priced.unit_price, 2) as surplus_value,
    priced.currency
from priced
left join {{ ref('stg_snow_atlas__applications') }} as applications
    on applications.tenant_id = priced.tenant_id and applications.id = priced.application_id
left join metric_names
    on metric_names.tenant_id = priced.tenant_id
    and metric_names.application_id = priced.application_id
    and metric_names.metric_id = priced.metric_id
left join {{ ref('stg_snow_atlas__organizations') }} as organizations
    on organizations.tenant_id = priced.tenant_id and organizations.id = priced.organization_id
left join own_counts
    on priced.scope = 'estate'
    and own_counts.tenant_id = priced.tenant_id
    and own_counts.application_id = priced.application_id
    and own_counts.metric_id = priced.metric_id
left join installed
    on installed.tenant_id = priced.tenant_id and installed.application_id = priced.application_id
left join tenants_with_installations
    on tenants_with_installations.tenant_id = priced.tenant_id
