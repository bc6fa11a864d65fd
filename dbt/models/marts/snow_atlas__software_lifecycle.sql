{%- set used_since = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_in_use_days', 90) | int)) -%}
with dated as (
    select
        tenant_id,
        id as application_id,
        name as application_name,
        manufacturer,
        platform,
        {{ snow_atlas.flag('is_os') }} as is_operating_system,
        {{ snow_atlas.flag('is_end_of_support') }} or {{ snow_atlas.flag('is_end_of_extended_support') }} as is_flagged_ended,
        {{ snow_atlas.flag('is_end_of_support') }} as is_flagged_end_of_support,
        {{ snow_atlas.flag('is_end_of_life') }} as is_flagged_end_of_life,
        {{ snow_atlas.day('end_of_support_date') }} as support_ends_on,
        {{ snow_atlas.day('end_of_extended_support_date') }} as extended_support_ends_on,
        {{ snow_atlas.day('end_of_life_date') }} as end_of_life_on,
        {{ snow_atlas.add_days(snow_atlas.today(), var('snow_atlas_support_ending_days', 365) | int) }} as horizon
    from {{ ref('stg_snow_atlas__applications') }}
),

supported as (
    select
        *,
        case
            when extended_support_ends_on > support_ends_on then extended_support_ends_on
            else coalesce(support_ends_on, extended_support_ends_on)
        end as last_support_on
    from dated
),

judged as (
    select
        *,
        case
            when last_support_on < {{ snow_atlas.today() }} then 'ended'
            when last_support_on is not null then
                case
                    when support_ends_on < {{ snow_atlas.today() }} then 'extended support'
                    when support_ends_on is null and is_flagged_end_of_support then 'extended support'
                    when coalesce(support_ends_on, extended_support_ends_on) <= horizon then 'ending'
                end
            when is_flagged_ended then 'ended'
            when end_of_life_on < {{ snow_atlas.today() }} then 'ended'
            when end_of_life_on is null and is_flagged_end_of_life then 'ended'
            when end_of_life_on <= horizon then 'ending'
        end as status
    from supported
),

applications as (
    select
        *,
        case
            when last_support_on is null and not is_flagged_ended then end_of_life_on
            when status = 'ending' then coalesce(support_ends_on, extended_support_ends_on)
            else last_support_on
        end as ends_on
    from judged
    where status is not null
),

counted as (
    select
        installations.tenant_id,
        installations.application_id,
        computers.organization_id,
        count(*) as computers,
        sum(
            case when applications.is_operating_system or installations.last_used >= {{ used_since }} then 1 else 0 end
        ) as computers_in_use,
        sum(
            case
                when (applications.is_operating_system or installations.last_used >= {{ used_since }})
                    and suite_installations.is_installed
                    and (suites.is_operating_system or suite_installations.last_used >= {{ used_since }})
                then 1
                else 0
            end
        ) as computers_in_use_by_suite,
        sum(case when {{ snow_atlas.flag('computers.is_server') }} then 1 else 0 end) as servers,
        max(installations.last_used) as last_used_on
    from {{ ref('int_snow_atlas__installations') }} as installations
    inner join applications
        on applications.tenant_id = installations.tenant_id and applications.application_id = installations.application_id
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = installations.tenant_id and computers.id = installations.computer_id
    {# The suite that it came with, if that has the same status: a sum of rows would count it twice. #}
    left join applications as suites
        on suites.tenant_id = installations.tenant_id
        and suites.application_id = installations.suite_id
        and suites.application_id <> installations.application_id
        and suites.status = applications.status
    left join {{ ref('int_snow_atlas__installations') }} as suite_installations
        on suite_installations.tenant_id = suites.tenant_id
        and suite_installations.application_id = suites.application_id
        and suite_installations.computer_id = installations.computer_id
    where installations.is_installed
        and coalesce(computers.status, '') not in ('Inactive', 'Quarantined')
    group by installations.tenant_id, installations.application_id, computers.organization_id
)

select
    counted.tenant_id,
    counted.application_id,
    counted.organization_id,
    applications.application_name,
    applications.manufacturer,
    applications.platform,
    applications.is_operating_system,
    organizations.name as organization_name,
    applications.support_ends_on,
    applications.extended_support_ends_on,
    applications.end_of_life_on,
    applications.status,
    applications.ends_on,
    {{ snow_atlas.days_between(snow_atlas.today(), 'applications.ends_on') }} as days_left,
    counted.computers,
    cast(counted.computers_in_use as {{ dbt.type_bigint() }}) as computers_in_use,
    cast(counted.computers_in_use_by_suite as {{ dbt.type_bigint() }}) as computers_in_use_by_suite,
    cast(counted.servers as {{ dbt.type_bigint() }}) as servers,
    counted.last_used_on
from counted
inner join applications
    on applications.tenant_id = counted.tenant_id and applications.application_id = counted.application_id
left join {{ ref('stg_snow_atlas__organizations') }} as organizations
    on organizations.tenant_id = counted.tenant_id and organizations.id = counted.organization_id
