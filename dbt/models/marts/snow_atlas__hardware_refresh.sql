{%- set points = {'age': 40, 'support': 30, 'owner': 15, 'scan': 15} -%}
{%- do points.update(var('snow_atlas_refresh_points', none) or {}) -%}
{%- set today = snow_atlas.today() -%}
{%- set horizon = snow_atlas.add_days(today, var('snow_atlas_support_ending_days', 365) | int) -%}
{# Computers name their system in words, and only their details say which application it is; names may come twice. #}
with systems_by_name as (
    select tenant_id, name, id
    from (
        select tenant_id, name, id, row_number() over (partition by tenant_id, name order by id) as choice
        from {{ ref('stg_snow_atlas__applications') }}
        where {{ snow_atlas.flag('is_os') }} and name is not null
    ) as systems
    where choice = 1
),

accounts as (
    select tenant_id
    from {{ ref('stg_snow_atlas__user_accounts') }}
    group by tenant_id
),

known as (
    select
        computers.tenant_id,
        computers.id as computer_id,
        computers.host_name,
        {{ snow_atlas.flag('computers.is_virtual') }} or {{ snow_atlas.flag('computers.is_vdi') }} as is_virtual,
        {{ snow_atlas.flag('computers.is_server') }} as is_server,
        {{ snow_atlas.flag('computers.is_vdi') }} as is_vdi,
        {{ snow_atlas.flag('computers.is_portable') }} as is_portable,
        computers.manufacturer,
        computers.model,
        computers.status,
        computers.organization_id,
        computers.operating_system,
        coalesce(details.operating_system_id, systems_by_name.id) as operating_system_id,
        coalesce(computers.most_frequent_user, computers.most_recent_user) as owner_id,
        {{ snow_atlas.day('computers.last_scan_date') }} as last_scanned_on,
        {{ snow_atlas.day('details.purchase_date') }} as purchased_on,
        {{ snow_atlas.day('details.bios_date') }} as firmware_on,
        details.purchase_value,
        details.purchase_currency
    from {{ ref('stg_snow_atlas__computers') }} as computers
    left join {{ ref('stg_snow_atlas__computer_details') }} as details
        on details.tenant_id = computers.tenant_id and details.id = computers.id
    left join systems_by_name
        on systems_by_name.tenant_id = computers.tenant_id and systems_by_name.name = computers.operating_system
),

dated as (
    select
        known.*,
        case when not known.is_virtual then coalesce(known.purchased_on, known.firmware_on) end as in_service_on,
        case
            when known.is_virtual then null
            when known.purchased_on is not null then 'purchase'
            when known.firmware_on is not null then 'firmware'
        end as age_basis,
        {{ snow_atlas.day('applications.end_of_support_date') }} as regular_support_on,
        {{ snow_atlas.day('applications.end_of_extended_support_date') }} as extended_support_on,
        {{ snow_atlas.day('applications.end_of_life_date') }} as end_of_life_on,
        {{ snow_atlas.flag('applications.is_end_of_support') }} as is_flagged_end_of_support,
        {{ snow_atlas.flag('applications.is_end_of_support') }}
            or {{ snow_atlas.flag('applications.is_end_of_extended_support') }} as is_flagged_ended,
        {{ snow_atlas.flag('applications.is_end_of_life') }} as is_flagged_end_of_life,
        {{ snow_atlas.flag('applications.is_end_of_support_date_not_announced') }} as is_without_announced_end,
        case
            when known.is_server then 'not expected'
            when known.owner_id is null then 'nobody'
            when accounts.tenant_id is null then 'unknown'
            when owners.id is null then 'gone'
            when owners.status is null then 'unknown'
            when owners.status = 'Active' then 'active'
            else 'gone'
        end as owner_status
    from known
    left join accounts on accounts.tenant_id = known.tenant_id
    left join {{ ref('stg_snow_atlas__applications') }} as applications
        on applications.tenant_id = known.tenant_id and applications.id = known.operating_system_id
    left join {{ ref('stg_snow_atlas__user_accounts') }} as owners
        on owners.tenant_id = known.tenant_id and owners.id = known.owner_id
),

{# The same rules as those of snow_atlas__software_lifecycle. #}
supported as (
    select
        *,
        case
            when extended_support_on > regular_support_on then extended_support_on
            else coalesce(regular_support_on, extended_support_on)
        end as last_support_on
    from dated
),

judged as (
    select
        *,
        coalesce(last_support_on, case when not is_flagged_ended then end_of_life_on end) as support_ends_on,
        case
            when last_support_on < {{ today }} then 'ended'
            when last_support_on is not null then
                case
                    when regular_support_on < {{ today }} then 'extended support'
                    when regular_support_on is null and is_flagged_end_of_support then 'extended support'
                    when coalesce(regular_support_on, last_support_on) <= {{ horizon }} then 'ending'
                    else 'supported'
                end
            when is_flagged_ended then 'ended'
            when end_of_life_on < {{ today }} then 'ended'
            when end_of_life_on is null and is_flagged_end_of_life then 'ended'
            when end_of_life_on <= {{ horizon }} then 'ending'
            when end_of_life_on is not null or is_without_announced_end then 'supported'
            else 'unknown'
        end as system_support,
        case
            when is_server
            then cast({{ dbt.dateadd('year', var('snow_atlas_refresh_server_years', 5) | int, 'in_service_on') }} as date)
            else cast({{ dbt.dateadd('year', var('snow_atlas_refresh_years', 4) | int, 'in_service_on') }} as date)
        end as due_on,
        {{ snow_atlas.days_between('last_scanned_on', today) }} as days_since_scan
    from supported
),

pointed as (
    select
        *,
        case
            when due_on <= {{ today }} then {{ points.age | int }}
            when due_on <= {{ snow_atlas.add_days(today, 365) }} then {{ (points.age | int) // 2 }}
            else 0
        end as age_points,
        case
            when system_support = 'ended' then {{ points.support | int }}
            when system_support in ('extended support', 'ending') then {{ (points.support | int) // 2 }}
            else 0
        end as support_points,
        case when owner_status in ('gone', 'nobody') then {{ points.owner | int }} else 0 end as owner_points,
        case
            when days_since_scan is null or days_since_scan > {{ var('snow_atlas_not_scanned_days', 90) | int }}
            then {{ points.scan | int }}
            else 0
        end as scan_points
    from judged
)

select
    tenant_id,
    computer_id,
    host_name,
    case
        when is_vdi then 'virtual desktop'
        when is_virtual then 'virtual machine'
        when is_server then 'server'
        when is_portable then 'portable'
        else 'desktop'
    end as kind,
    is_virtual,
    is_server,
    manufacturer,
    model,
    status,
    organization_id,
    in_service_on,
    age_basis,
    {{ snow_atlas.days_between('in_service_on', today) }} as age_days,
    due_on,
    operating_system,
    operating_system_id,
    support_ends_on,
    system_support,
    owner_id,
    owner_status,
    last_scanned_on,
    days_since_scan,
    {{ snow_atlas.money('purchase_value', 'purchase_currency') }} as purchase_value,
    {{ snow_atlas.money_currency('purchase_currency') }} as currency,
    age_points,
    support_points,
    owner_points,
    scan_points,
    age_points + support_points + owner_points + scan_points as score,
    case when in_service_on is null and not is_virtual then 1 else 0 end
        + case when system_support = 'unknown' then 1 else 0 end
        + case when owner_status = 'unknown' then 1 else 0 end as unknown_parts,
    case
        when is_virtual then null
        when in_service_on > {{ snow_atlas.add_days(today, -365) }} then 'keep'
        when age_points + support_points + owner_points + scan_points
            >= {{ var('snow_atlas_refresh_replace_score', 60) | int }} then 'replace'
        when age_points + support_points + owner_points + scan_points
            >= {{ var('snow_atlas_refresh_plan_score', 30) | int }} then 'plan'
        else 'keep'
    end as advice
from pointed
