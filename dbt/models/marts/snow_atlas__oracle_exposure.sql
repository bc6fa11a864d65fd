{%- set figures = [
    'tenant_id', 'product_id', 'estate_type', 'estate_name', 'computer_id', 'datacenter_id', 'is_license_required',
    'total_assigned_license_processor', 'total_required_license_processor', 'total_assigned_license_nup',
    'total_required_license_nup', 'all_installations_count', 'installations_required_license_count', 'license_metric_type',
    'product_compliance_status', 'covered_by_product_id', 'covered_by_estate', 'license_needed', 'partitioning_type',
] | join(', ') -%}
with compliance as (
    select 'database' as product_area, {{ figures }}
    from {{ ref('stg_snow_atlas__oracle_database_product_compliance') }}
    union all
    select 'middleware' as product_area, {{ figures }}
    from {{ ref('stg_snow_atlas__oracle_middleware_product_compliance') }}
),

{# Options and packs are products too. Which ones they are is known from the databases in which they were looked for. #}
extras as (
    select tenant_id, product_id, installation_id, 'option' as kind, is_used, {{ snow_atlas.day('last_used') }} as last_used
    from {{ ref('stg_snow_atlas__oracle_database_options') }}
    union all
    select tenant_id, product_id, installation_id, 'management pack' as kind, is_used, cast(null as date) as last_used
    from {{ ref('stg_snow_atlas__oracle_database_management_packs') }}
),

extra_products as (
    select tenant_id, product_id, max(kind) as kind
    from extras
    where product_id is not null
    group by tenant_id, product_id
),

{# A clustered database is at home on several computers, and is in use on each. #}
homes as (
    select tenant_id, installation_id, computer_id
    from {{ ref('stg_snow_atlas__oracle_database_servers') }}
    where computer_id is not null
    union {{ 'distinct' if target.type == 'bigquery' }}
    select tenant_id, installation_id, computer_id
    from {{ ref('stg_snow_atlas__oracle_database_instances') }}
    where computer_id is not null
),

uses as (
    select
        extras.tenant_id,
        extras.product_id,
        extras.installation_id,
        homes.computer_id,
        max(extras.last_used) as last_used
    from extras
    left join homes
        on homes.tenant_id = extras.tenant_id and homes.installation_id = extras.installation_id
    where {{ snow_atlas.flag('extras.is_used') }} and extras.product_id is not null
    group by extras.tenant_id, extras.product_id, extras.installation_id, homes.computer_id
),

datacenters_of_computers as (
    select distinct tenant_id, computer_id, datacenter_id
    from compliance
    where computer_id is not null and datacenter_id is not null
),

computer_uses as (
    select tenant_id, product_id, computer_id, count(*) as databases_using, max(last_used) as last_used
    from uses
    group by tenant_id, product_id, computer_id
),

datacenter_uses as (
    select
        uses.tenant_id,
        uses.product_id,
        places.datacenter_id,
        count(distinct uses.installation_id) as databases_using,
        max(uses.last_used) as last_used
    from uses
    inner join datacenters_of_computers as places
        on places.tenant_id = uses.tenant_id and places.computer_id = uses.computer_id
    group by uses.tenant_id, uses.product_id, places.datacenter_id
),

counted as (
    select
        case
            when compliance.product_area = 'database' then coalesce(extra_products.kind, 'database')
            else compliance.product_area
        end as kind,
        compliance.tenant_id,
        compliance.product_id,
        cast(null as {{ dbt.type_string() }}) as version,
        case compliance.estate_type
            when 'Servers' then 'server'
            when 'VirtualMachines' then 'virtual machine'
            when 'Datacenters' then 'datacenter'
            else compliance.estate_type
        end as estate_type,
        compliance.estate_name,
        compliance.computer_id,
        compliance.datacenter_id,
        compliance.license_metric_type as metric,
        compliance.is_license_required,
        compliance.total_required_license_processor as required_processors,
        compliance.total_assigned_license_processor as assigned_processors,
        compliance.total_required_license_nup as required_users,
        compliance.total_assigned_license_nup as assigned_users,
        case
            when compliance.license_metric_type = 'Processor'
            then compliance.total_required_license_processor - compliance.total_assigned_license_processor
            when compliance.license_metric_type = 'Nup'
            then compliance.total_required_license_nup - compliance.total_assigned_license_nup
        end as missing,
        compliance.license_needed,
        compliance.product_compliance_status as compliance_status,
        compliance.covered_by_product_id,
        nullif(compliance.covered_by_estate, '') as covered_by_estate,
        compliance.partitioning_type as partitioning,
        compliance.all_installations_count as installations,
        compliance.installations_required_license_count as installations_requiring_license,
        case
            when compliance.product_area = 'database' and extra_products.product_id is not null
            then coalesce(computer_uses.databases_using, datacenter_uses.databases_using, 0)
        end as databases_using,
        case
            when compliance.product_area = 'database' then coalesce(computer_uses.last_used, datacenter_uses.last_used)
        end as last_used
    from compliance
    left join extra_products
        on extra_products.tenant_id = compliance.tenant_id and extra_products.product_id = compliance.product_id
    left join computer_uses
        on computer_uses.tenant_id = compliance.tenant_id
        and computer_uses.product_id = compliance.product_id
        and computer_uses.computer_id = compliance.computer_id
    left join datacenter_uses
        on datacenter_uses.tenant_id = compliance.tenant_id
        and datacenter_uses.product_id = compliance.product_id
        and datacenter_uses.datacenter_id = compliance.datacenter_id
        and compliance.computer_id is null
),

{# What the figures have in the datacenter of a computer is counted there. #}
counted_places as (
    select distinct compliance.tenant_id, compliance.product_id, places.computer_id
    from compliance
    inner join datacenters_of_computers as places
        on places.tenant_id = compliance.tenant_id and places.datacenter_id = compliance.datacenter_id
    where compliance.computer_id is null
    union {{ 'distinct' if target.type == 'bigquery' }}
    select distinct tenant_id, product_id, computer_id
    from compliance
    where computer_id is not null
),

java as (
    select tenant_id, product_id, computer_id, version, count(*) as installations
    from {{ ref('stg_snow_atlas__oracle_java_installations') }}
    where vendor is null or lower(vendor) like '%oracle%' or lower(vendor) like 'sun microsystems%'
    group by tenant_id, product_id, computer_id, version
),

not_counted as (
    select
        extra_products.kind,
        computer_uses.tenant_id,
        computer_uses.product_id,
        cast(null as {{ dbt.type_string() }}) as version,
        computer_uses.computer_id,
        cast(null as {{ dbt.type_bigint() }}) as installations,
        computer_uses.databases_using,
        computer_uses.last_used
    from computer_uses
    inner join extra_products
        on extra_products.tenant_id = computer_uses.tenant_id and extra_products.product_id = computer_uses.product_id
    left join counted_places
        on counted_places.tenant_id = computer_uses.tenant_id
        and counted_places.product_id = computer_uses.product_id
        and counted_places.computer_id = computer_uses.computer_id
    where counted_places.product_id is null
    union all
    select
        'java' as kind,
        tenant_id,
        product_id,
        version,
        computer_id,
        installations,
        cast(null as {{ dbt.type_bigint() }}) as databases_using,
        cast(null as date) as last_used
    from java
),

exposures as (
    select * from counted
    union all
    select
        found.kind,
        found.tenant_id,
        found.product_id,
        found.version,
        case
            when computers.id is null then null
            when {{ snow_atlas.flag('computers.is_virtual') }} then 'virtual machine'
            when {{ snow_atlas.flag('computers.is_server') }} then 'server'
            else 'client'
        end as estate_type,
        computers.host_name as estate_name,
        found.computer_id,
        cast(null as {{ dbt.type_string() }}) as datacenter_id,
        cast(null as {{ dbt.type_string() }}) as metric,
        cast(null as {{ dbt.type_boolean() }}) as is_license_required,
        cast(null as {{ dbt.type_bigint() }}) as required_processors,
        cast(null as {{ dbt.type_bigint() }}) as assigned_processors,
        cast(null as {{ dbt.type_bigint() }}) as required_users,
        cast(null as {{ dbt.type_bigint() }}) as assigned_users,
        cast(null as {{ dbt.type_bigint() }}) as missing,
        cast(null as {{ dbt.type_bigint() }}) as license_needed,
        cast(null as {{ dbt.type_string() }}) as compliance_status,
        cast(null as {{ dbt.type_string() }}) as covered_by_product_id,
        cast(null as {{ dbt.type_string() }}) as covered_by_estate,
        cast(null as {{ dbt.type_string() }}) as partitioning,
        found.installations,
        cast(null as {{ dbt.type_bigint() }}) as installations_requiring_license,
        found.databases_using,
        found.last_used
    from not_counted as found
    left join {{ ref('stg_snow_atlas__computers') }} as computers
        on computers.tenant_id = found.tenant_id and computers.id = found.computer_id
),

judged as (
    select
        *,
        case
            when missing is null then null
            when not coalesce(is_license_required, true) then 0
            when covered_by_product_id is not null or covered_by_estate is not null then 0
            when missing > 0 then missing
            else 0
        end as shortfall,
        case
            when kind = 'java' then 'to be checked'
            when metric is null and databases_using is not null and compliance_status is null then 'in use, not counted'
            when not coalesce(is_license_required, true) then 'not required'
            when missing is null then 'unknown'
            when missing > 0 and (covered_by_product_id is not null or covered_by_estate is not null) then 'covered elsewhere'
            when missing > 0 then 'short'
            when missing < 0 then 'surplus'
            else 'balanced'
        end as finding
    from exposures
),

order_licenses as (
    select tenant_id, product_id, license_metric_type, item_type, quantity, license_cost_base
    from {{ ref('stg_snow_atlas__oracle_order_licenses') }}
),

orders as (
    select distinct tenant_id
    from order_licenses
),

bought as (
    select distinct tenant_id, product_id
    from order_licenses
    where product_id is not null
),

prices as (
    select
        tenant_id,
        product_id,
        license_metric_type as metric,
        {{ snow_atlas.decimal('sum(license_cost_base) / sum(quantity)') }} as unit_price_base
    from order_licenses
    where quantity > 0 and license_cost_base is not null and item_type = 'Default'
    group by tenant_id, product_id, license_metric_type
)

select
    judged.tenant_id,
    judged.kind,
    judged.product_id,
    products.product_name,
    products.product_edition,
    judged.version,
    judged.estate_type,
    coalesce(judged.computer_id, judged.datacenter_id, judged.estate_name) as estate_id,
    judged.estate_name,
    judged.computer_id,
    judged.datacenter_id,
    coalesce(computers.organization_id, datacenters.organization_id) as organization_id,
    judged.metric,
    judged.is_license_required,
    judged.required_processors,
    judged.assigned_processors,
    judged.required_users,
    judged.assigned_users,
    judged.shortfall,
    case when judged.missing < 0 then -judged.missing when judged.missing >= 0 then 0 end as surplus,
    judged.license_needed,
    judged.compliance_status,
    judged.covered_by_product_id,
    judged.covered_by_estate,
    judged.partitioning,
    judged.installations,
    judged.installations_requiring_license,
    judged.databases_using,
    judged.last_used as last_used_on,
    case when orders.tenant_id is not null then bought.product_id is not null end as is_product_bought,
    coalesce(judged.databases_using, 0) > 0 and judged.finding in ('short', 'in use, not counted') as is_used_without_license,
    prices.unit_price_base,
    {{ snow_atlas.decimal('judged.shortfall * prices.unit_price_base') }} as shortfall_cost_base,
    judged.finding
from judged
left join orders on orders.tenant_id = judged.tenant_id
left join {{ ref('stg_snow_atlas__oracle_products') }} as products
    on products.tenant_id = judged.tenant_id and products.id = judged.product_id
left join {{ ref('stg_snow_atlas__computers') }} as computers
    on computers.tenant_id = judged.tenant_id and computers.id = judged.computer_id
left join {{ ref('stg_snow_atlas__datacenters') }} as datacenters
    on datacenters.tenant_id = judged.tenant_id and datacenters.id = judged.datacenter_id
left join bought on bought.tenant_id = judged.tenant_id and bought.product_id = judged.product_id
left join prices
    on prices.tenant_id = judged.tenant_id and prices.product_id = judged.product_id and prices.metric = judged.metric
