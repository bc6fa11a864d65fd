{#- Each check: the rows it looks at, which of them fail, and what to call them. `weight` is for checks that look at groups of rows. -#}
{%- set not_scanned_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_not_scanned_days', 90) | int)) -%}
{%- set organizations_known = 'organizations.id is null and ({0}.organization_id is null or synced.organizations > 0)' -%}
{%- set checks = [
    {
        'name': 'computers_not_scanned',
        'title': 'Computers that have not been scanned for long, or never',
        'area': 'computers', 'stream': 'computers',
        'marts': 'license_position, reclaimable_software, software_lifecycle, hardware_refresh, oracle_exposure',
        'from': 'computers', 'id': 'id', 'label': 'host_name',
        'failing': 'last_scan_date is null or cast(last_scan_date as date) < ' ~ not_scanned_before,
    },
    {
        'name': 'computers_with_same_name',
        'title': 'Computers that share their host name with another, and may be counted twice',
        'area': 'computers', 'stream': 'computers',
        'marts': 'license_position, reclaimable_software, software_lifecycle, hardware_refresh',
        'from': 'computers', 'id': 'id', 'label': 'host_name', 'where': 'host_name is not null',
        'failing': 'same_names > 1',
    },
    {
        'name': 'computers_without_organization',
        'title': 'Computers in no organization, or in one that is not listed',
        'area': 'computers', 'stream': 'computers',
        'marts': 'software_lifecycle, hardware_refresh, organization_costs',
        'from': 'computers left join organizations on organizations.id = computers.organization_id cross join synced',
        'id': 'computers.id', 'label': 'computers.host_name',
        'failing': organizations_known.format('computers'),
    },
    {
        'name': 'computers_without_owner',
        'title': 'Clients on which nobody has logged on',
        'area': 'computers', 'stream': 'computers', 'marts': 'hardware_refresh',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name', 'where': "owner_status <> 'not expected'",
        'failing': "owner_status = 'nobody'",
    },
    {
        'name': 'computers_with_owner_gone',
        'title': 'Clients whose owner has no active account any more',
        'area': 'computers', 'stream': 'computers', 'marts': 'hardware_refresh, reclaimable_software',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name', 'where': "owner_status in ('active', 'gone')",
        'failing': "owner_status = 'gone'",
    },
    {
        'name': 'computers_without_known_system',
        'title': 'Computers whose operating system has no support dates',
        'area': 'computers', 'stream': 'computers', 'marts': 'hardware_refresh, software_lifecycle',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name',
        'failing': "system_support = 'unknown'",
    },
    {
        'name': 'computers_without_purchase',
        'title': 'Physical computers without a purchase date or value',
        'area': 'computers', 'stream': 'computer_details', 'marts': 'hardware_refresh, organization_costs',
        'from': 'details', 'id': 'id', 'label': 'host_name', 'where': 'not ' ~ snow_atlas.flag('is_virtual'),
        'failing': 'purchase_date is null or purchase_value is null',
    },
    {
        'name': 'computers_without_currency',
        'title': 'Purchase values of computers without a currency',
        'area': 'computers', 'stream': 'computer_details', 'marts': 'hardware_refresh, organization_costs',
        'from': 'details', 'id': 'id', 'label': 'host_name', 'where': 'purchase_value is not null',
        'failing': 'purchase_currency is null',
    },
    {
        'name': 'applications_without_metric',
        'title': 'Applications that need a licence and have no metric to count it by',
        'area': 'software', 'stream': 'applications', 'marts': 'license_position',
        'from': 'applications left join metrics on metrics.application_id = applications.id',
        'id': 'applications.id', 'label': 'applications.name',
        'where': 'not ' ~ snow_atlas.flag('applications.is_no_license_required')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_hidden'),
        'failing': "metrics.application_id is null and coalesce(applications.metrics, 'null') in ('null', '[]')",
    },
    {
        'name': 'applications_without_support_dates',
        'title': 'Installed applications of which it is not known when support ends, nor that it has ended',
        'area': 'software', 'stream': 'applications', 'marts': 'software_lifecycle',
        'from': 'applications inner join installed on installed.application_id = applications.id',
        'id': 'applications.id', 'label': 'applications.name',
        'failing': 'applications.end_of_support_date is null and applications.end_of_extended_support_date is null'
            ~ ' and applications.end_of_life_date is null'
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_support')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_extended_support')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_life')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_support_date_not_announced'),
    },
    {
        'name': 'applications_without_use',
        'title': 'Installed applications without a recorded use on any computer, perhaps as they are not metered',
        'area': 'software', 'stream': 'computer_applications', 'marts': 'reclaimable_software, license_position',
        'from': 'installed inner join applications on applications.id = installed.application_id',
        'id': 'applications.id', 'label': 'applications.name', 'where': 'not ' ~ snow_atlas.flag('applications.is_os'),
        'failing': 'installed.last_used is null',
    },
    {
        'name': 'installations_of_unlisted_applications',
        'title': 'Installations of applications that are not listed',
        'area': 'software', 'stream': 'computer_applications',
        'marts': 'license_position, reclaimable_software, software_lifecycle',
        'from': 'installations left join applications on applications.id = installations.application_id cross join synced',
        'id': 'installations.application_id', 'label': 'installations.application_id', 'weight': 'installations.found',
        'where': 'synced.applications > 0',
        'failing': 'applications.id is null',
    },
    {
        'name': 'licenses_incomplete',
        'title': 'Licences that Snow Atlas does not count, as something is missing in them',
        'area': 'licences', 'stream': 'licenses', 'marts': 'license_position',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': snow_atlas.flag('is_incomplete'),
    },
    {
        'name': 'licenses_without_application',
        'title': 'Licences for no application',
        'area': 'licences', 'stream': 'licenses', 'marts': 'license_position, renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'application_id is null',
    },
    {
        'name': 'licenses_without_metric',
        'title': 'Licences without a metric',
        'area': 'licences', 'stream': 'licenses', 'marts': 'license_position',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'metric_id is null',
    },
    {
        'name': 'licenses_without_organization',
        'title': 'Licences of no organization, or of one that is not listed',
        'area': 'licences', 'stream': 'licenses', 'marts': 'license_position, organization_costs',
        'from': 'licenses left join organizations on organizations.id = licenses.organization_id cross join synced',
        'id': 'licenses.id', 'label': 'licenses.label',
        'failing': organizations_known.format('licenses'),
    },
    {
        'name': 'licenses_without_value',
        'title': 'Licences without a purchase value',
        'area': 'licences', 'stream': 'licenses',
        'marts': 'license_position, reclaimable_software, organization_costs, renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'purchase_value is null',
    },
    {
        'name': 'licenses_without_currency',
        'title': 'Purchase values of licences without a currency',
        'area': 'licences', 'stream': 'licenses',
        'marts': 'license_position, reclaimable_software, organization_costs, renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label', 'where': 'purchase_value is not null',
        'failing': 'purchase_currency is null',
    },
    {
        'name': 'subscriptions_without_end',
        'title': 'Subscription licences without an end',
        'area': 'licences', 'stream': 'licenses', 'marts': 'renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label', 'where': snow_atlas.flag('is_subscription'),
        'failing': 'subscription_valid_to is null',
    },
    {
        'name': 'maintenance_without_currency',
        'title': 'Costs of maintenance and support without a currency',
        'area': 'licences', 'stream': 'license_maintenance_periods', 'marts': 'renewals, organization_costs',
        'from': ref('stg_snow_atlas__license_maintenance_periods') ~ ' as periods left join licenses on licenses.id = periods.license_id',
        'id': 'periods.id', 'label': 'licenses.label',
        'where': '(periods.maintenance_cost is not null or periods.support_cost is not null)',
        'failing': 'periods.purchase_currency is null',
    },
    {
        'name': 'agreements_without_end',
        'title': 'Agreements without a period that ends',
        'area': 'agreements and contracts', 'stream': 'agreements', 'marts': 'renewals',
        'from': ref('stg_snow_atlas__agreements') ~ ' as agreements left join agreement_ends on agreement_ends.id = agreements.id'
            ~ ' cross join synced',
        'id': 'agreements.id', 'label': 'agreements.name', 'where': 'synced.agreement_periods > 0',
        'failing': 'agreement_ends.ends is null',
    },
    {
        'name': 'contracts_without_end',
        'title': 'Contracts without a period that ends',
        'area': 'agreements and contracts', 'stream': 'contracts', 'marts': 'renewals',
        'from': ref('stg_snow_atlas__contracts') ~ ' as contracts left join contract_ends on contract_ends.id = contracts.id'
            ~ ' cross join synced',
        'id': 'contracts.id', 'label': 'contracts.name', 'where': 'synced.contract_periods > 0',
        'failing': 'contract_ends.ends is null',
    },
    {
        'name': 'saas_users_without_account',
        'title': 'SaaS users whose mail address belongs to no user account',
        'area': 'saas', 'stream': 'saas_users', 'marts': 'saas_seats, organization_costs',
        'from': ref('stg_snow_atlas__saas_users') ~ ' as users left join mail_addresses on mail_addresses.email = lower(users.email)'
            ~ ' cross join synced',
        'id': 'users.id', 'label': 'users.id', 'where': 'synced.user_accounts > 0',
        'failing': 'mail_addresses.email is null',
    },
    {
        'name': 'saas_subscriptions_without_currency',
        'title': 'Prices of ServiceNow subscriptions without a currency',
        'area': 'saas', 'stream': 'saas_servicenow_subscriptions', 'marts': 'renewals, saas_seats, saas_spend',
        'from': ref('stg_snow_atlas__saas_servicenow_subscriptions'), 'id': 'id', 'label': 'name',
        'where': 'cost_per_unit is not null',
        'failing': 'currency is null',
    },
    {
        'name': 'oracle_databases_not_scanned',
        'title': 'Oracle databases that have not been scanned for long, or never',
        'area': 'oracle', 'stream': 'oracle_database_installations', 'marts': 'oracle_exposure',
        'from': ref('stg_snow_atlas__oracle_database_installations'), 'id': 'id', 'label': 'database_name',
        'failing': 'scan_date is null or cast(scan_date as date) < ' ~ not_scanned_before,
    },
    {
        'name': 'organizations_without_parent',
        'title': 'Organizations whose parent is not listed, so that their costs are rolled up to nowhere',
        'area': 'organizations', 'stream': 'organizations', 'marts': 'organization_costs',
        'from': 'organizations left join organizations as parents on parents.id = organizations.parent_id',
        'id': 'organizations.id', 'label': 'organizations.name',
        'failing': "organizations.parent_id <> '00000000-0000-0000-0000-000000000000' and parents.id is null",
    },
] -%}
with computers as (
    select id, host_name, organization_id, last_scan_date, count(*) over (partition by host_name) as same_names
    from {{ ref('stg_snow_atlas__computers') }}
),

hardware as (
    select computer_id, host_name, owner_status, system_support
    from {{ ref('hardware_refresh') }}
),

details as (
    select id, host_name, is_virtual, purchase_date, purchase_value, purchase_currency
    from {{ ref('stg_snow_atlas__computer_details') }}
),

organizations as (
    select id, parent_id, name
    from {{ ref('stg_snow_atlas__organizations') }}
),

applications as (
    select *
    from {{ ref('stg_snow_atlas__applications') }}
),

{# The one large table is added up before anything is joined to it. #}
installations as (
    select
        application_id,
        count(*) as found,
        max(case when {{ snow_atlas.flag('is_installed') }} then 1 else 0 end) as is_installed,
        max(last_used) as last_used
    from {{ ref('stg_snow_atlas__computer_applications') }}
    group by application_id
),

installed as (
    select application_id, last_used
    from installations
    where is_installed = 1
),

metrics as (
    select distinct application_id
    from {{ ref('stg_snow_atlas__application_metrics') }}
),

licenses as (
    select held.*, coalesce(applications.name, held.product_description) as label
    from {{ ref('stg_snow_atlas__licenses') }} as held
    left join applications on applications.id = held.application_id
    where coalesce(held.status, '') <> 'Archived'
),

agreement_ends as (
    select id, max(valid_to) as ends
    from {{ ref('stg_snow_atlas__agreement_periods') }}
    group by id
),

contract_ends as (
    select id, max(valid_to) as ends
    from {{ ref('stg_snow_atlas__contract_periods') }}
    group by id
),

mail_addresses as (
    select distinct lower(email) as email
    from {{ ref('stg_snow_atlas__user_accounts') }}
    where email is not null
),

{# What is not synced is no reason to find fault with what is. #}
synced as (
    select
        (select count(*) from organizations) as organizations,
        (select count(*) from applications) as applications,
        (select count(*) from agreement_ends) as agreement_periods,
        (select count(*) from contract_ends) as contract_periods,
        (select count(*) from {{ ref('stg_snow_atlas__user_accounts') }}) as user_accounts
),

looked_at as (
    {%- for check in checks %}
    select
        '{{ check.name }}' as check_name,
        {{ check.id }} as id,
        coalesce({{ check.label }}, {{ check.id }}) as label,
        {{ check.weight or 1 }} as weight,
        coalesce({{ check.failing }}, false) as is_failing
    from {{ check.from }}
    {%- if check.where %}
    where {{ check.where }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

placed as (
    select
        *,
        row_number() over (partition by check_name, is_failing order by id) as place
    from looked_at
),

found as (
    select
        check_name,
        sum(weight) as checked,
        sum(case when is_failing then weight else 0 end) as failing,
        {{ dbt.listagg('case when is_failing and place <= 3 then label end', "'; '", 'order by place') }} as examples
    from placed
    group by check_name
),

checks as (
    {%- for check in checks %}
    select
        '{{ check.name }}' as check_name,
        '{{ check.title }}' as title,
        '{{ check.area }}' as area,
        '{{ check.stream }}' as checked_stream,
        '{{ check.marts }}' as affected_marts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    checks.check_name,
    checks.title,
    checks.area,
    checks.checked_stream,
    cast(coalesce(found.failing, 0) as {{ dbt.type_bigint() }}) as failing,
    cast(coalesce(found.checked, 0) as {{ dbt.type_bigint() }}) as checked,
    cast(found.failing as {{ snow_atlas.type_double() }}) / cast(found.checked as {{ snow_atlas.type_double() }}) as share,
    case
        when found.failing > 0 then 'found'
        when found.checked > 0 then 'clean'
        else 'nothing to check'
    end as status,
    found.examples,
    checks.affected_marts
from checks
left join found on found.check_name = checks.check_name
