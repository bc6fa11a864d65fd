{#- Each check: the rows that it checks, the condition of failure, and their label. `weight` is for checks of groups of rows, and `needs`
    has the other streams that the check depends on. -#}
{%- set not_scanned_before = snow_atlas.add_days(snow_atlas.today(), -(var('snow_atlas_not_scanned_days', 90) | int)) -%}
{#- Where amounts are: streams and the columns with their currency. -#}
{%- set amounts = [
    (ref('stg_snow_atlas__computer_details'), 'purchase_currency'),
    (ref('stg_snow_atlas__computer_costs'), 'purchase_currency'),
    (ref('stg_snow_atlas__licenses'), 'purchase_currency'),
    (ref('stg_snow_atlas__license_costs'), 'currency'),
    (ref('stg_snow_atlas__license_maintenance_periods'), 'purchase_currency'),
    (ref('stg_snow_atlas__application_metrics'), 'license_cost_currency'),
    (ref('stg_snow_atlas__saas_servicenow_subscriptions'), 'currency'),
] -%}
{%- set marts = [
    'snow_atlas__hardware_refresh', 'snow_atlas__license_position', 'snow_atlas__oracle_exposure', 'snow_atlas__organization_costs',
    'snow_atlas__reclaimable_software', 'snow_atlas__renewals', 'snow_atlas__saas_seats', 'snow_atlas__saas_spend',
    'snow_atlas__software_lifecycle',
] -%}
{%- set all_marts = marts | join(', ') -%}
{%- set checks = [
    {
        'name': 'computers_not_scanned',
        'title': 'Computers that have not been scanned for long, or never',
        'area': 'computers', 'stream': 'computers',
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__software_lifecycle, snow_atlas__hardware_refresh, snow_atlas__oracle_exposure',
        'from': 'computers', 'id': 'id', 'label': 'host_name',
        'failing': 'last_scan_date is null or cast(last_scan_date as date) < ' ~ not_scanned_before,
    },
    {
        'name': 'computers_with_same_name',
        'title': 'Computers that share their host name with another, and may be counted twice',
        'area': 'computers', 'stream': 'computers',
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__software_lifecycle, snow_atlas__hardware_refresh',
        'from': 'computers', 'id': 'id', 'label': 'host_name', 'where': 'host_name is not null',
        'failing': 'same_names > 1',
    },
    {
        'name': 'computers_without_organization',
        'title': 'Computers in no organization, or in one that is not listed',
        'area': 'computers', 'stream': 'computers',
        'marts': 'snow_atlas__software_lifecycle, snow_atlas__hardware_refresh, snow_atlas__organization_costs',
        'from': 'computers left join organizations on organizations.tenant_id = computers.tenant_id'
            ~ ' and organizations.id = computers.organization_id',
        'id': 'computers.id', 'label': 'computers.host_name',
        'failing': 'organizations.id is null', 'needs': ['organizations'],
    },
    {
        'name': 'computers_without_owner',
        'title': 'Clients on which nobody has logged on',
        'area': 'computers', 'stream': 'computers', 'marts': 'snow_atlas__hardware_refresh',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name', 'where': "owner_status <> 'not expected'",
        'failing': "owner_status = 'nobody'",
    },
    {
        'name': 'computers_with_owner_gone',
        'title': 'Clients whose owner has no active account any more',
        'area': 'computers', 'stream': 'computers', 'marts': 'snow_atlas__hardware_refresh, snow_atlas__reclaimable_software',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name', 'where': "owner_status in ('active', 'gone')",
        'failing': "owner_status = 'gone'", 'needs': ['user_accounts'],
    },
    {
        'name': 'computers_without_known_system',
        'title': 'Computers whose operating system has no support dates',
        'area': 'computers', 'stream': 'computers', 'marts': 'snow_atlas__hardware_refresh, snow_atlas__software_lifecycle',
        'from': 'hardware', 'id': 'computer_id', 'label': 'host_name',
        'failing': "system_support = 'unknown'", 'needs': ['applications'],
    },
    {
        'name': 'computers_without_purchase',
        'title': 'Physical computers without a purchase date or value',
        'area': 'computers', 'stream': 'computer_details', 'marts': 'snow_atlas__hardware_refresh, snow_atlas__organization_costs',
        'from': 'details', 'id': 'id', 'label': 'host_name', 'where': 'not ' ~ snow_atlas.flag('is_virtual'),
        'failing': snow_atlas.day('purchase_date') ~ ' is null or purchase_value is null',
    },
    {
        'name': 'computers_without_currency',
        'title': 'Purchase values of computers without a currency',
        'area': 'computers', 'stream': 'computer_details', 'marts': 'snow_atlas__hardware_refresh, snow_atlas__organization_costs',
        'from': 'details', 'id': 'id', 'label': 'host_name', 'where': 'purchase_value is not null',
        'failing': 'purchase_currency is null',
    },
    {
        'name': 'applications_without_metric',
        'title': 'Applications that need a licence and have no metric to count it by',
        'area': 'software', 'stream': 'applications', 'marts': 'snow_atlas__license_position',
        'from': 'applications left join metrics on metrics.tenant_id = applications.tenant_id and metrics.application_id = applications.id',
        'id': 'applications.id', 'label': 'applications.name',
        'where': 'not ' ~ snow_atlas.flag('applications.is_no_license_required')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_hidden'),
        'failing': "metrics.application_id is null and coalesce(applications.metrics, 'null') in ('null', '[]')",
    },
    {
        'name': 'applications_without_support_dates',
        'title': 'Installed applications of which it is not known when support ends, nor that it has ended',
        'area': 'software', 'stream': 'applications', 'marts': 'snow_atlas__software_lifecycle',
        'from': 'applications inner join installed on installed.tenant_id = applications.tenant_id'
            ~ ' and installed.application_id = applications.id',
        'needs': ['computer_applications'],
        'id': 'applications.id', 'label': 'applications.name',
        'failing': snow_atlas.day('applications.end_of_support_date') ~ ' is null and '
            ~ snow_atlas.day('applications.end_of_extended_support_date') ~ ' is null and '
            ~ snow_atlas.day('applications.end_of_life_date') ~ ' is null'
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_support')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_extended_support')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_life')
            ~ ' and not ' ~ snow_atlas.flag('applications.is_end_of_support_date_not_announced'),
    },
    {
        'name': 'applications_without_use',
        'title': 'Installed applications without a recorded use on any computer, perhaps as they are not metered',
        'area': 'software', 'stream': 'computer_applications', 'marts': 'snow_atlas__reclaimable_software, snow_atlas__license_position',
        'from': 'installed inner join applications on applications.tenant_id = installed.tenant_id'
            ~ ' and applications.id = installed.application_id',
        'needs': ['applications'],
        'id': 'applications.id', 'label': 'applications.name', 'where': 'not ' ~ snow_atlas.flag('applications.is_os'),
        'failing': 'installed.last_used is null',
    },
    {
        'name': 'installations_of_unlisted_applications',
        'title': 'Installations of applications that are not listed',
        'area': 'software', 'stream': 'computer_applications',
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__software_lifecycle',
        'from': 'installations left join applications on applications.tenant_id = installations.tenant_id'
            ~ ' and applications.id = installations.application_id',
        'needs': ['applications'],
        'id': 'installations.application_id', 'label': 'installations.application_id', 'weight': 'installations.found',
        'failing': 'applications.id is null',
    },
    {
        'name': 'licenses_incomplete',
        'title': 'Licences that Snow Atlas does not count, as something is missing in them',
        'area': 'licences', 'stream': 'licenses', 'marts': 'snow_atlas__license_position',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': snow_atlas.flag('is_incomplete'),
    },
    {
        'name': 'licenses_without_application',
        'title': 'Licences for no application',
        'area': 'licences', 'stream': 'licenses', 'marts': 'snow_atlas__license_position, snow_atlas__renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'application_id is null',
    },
    {
        'name': 'licenses_without_metric',
        'title': 'Licences without a metric',
        'area': 'licences', 'stream': 'licenses', 'marts': 'snow_atlas__license_position',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'metric_id is null',
    },
    {
        'name': 'licenses_without_organization',
        'title': 'Licences of no organization, or of one that is not listed',
        'area': 'licences', 'stream': 'licenses', 'marts': 'snow_atlas__license_position, snow_atlas__organization_costs',
        'from': 'licenses left join organizations on organizations.tenant_id = licenses.tenant_id'
            ~ ' and organizations.id = licenses.organization_id',
        'id': 'licenses.id', 'label': 'licenses.label',
        'failing': 'organizations.id is null', 'needs': ['organizations'],
    },
    {
        'name': 'licenses_without_value',
        'title': 'Licences without a purchase value',
        'area': 'licences', 'stream': 'licenses',
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__organization_costs, snow_atlas__renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label',
        'failing': 'purchase_value is null',
    },
    {
        'name': 'licenses_without_currency',
        'title': 'Purchase values of licences without a currency',
        'area': 'licences', 'stream': 'licenses',
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__organization_costs, snow_atlas__renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label', 'where': 'purchase_value is not null',
        'failing': 'purchase_currency is null',
    },
    {
        'name': 'subscriptions_without_end',
        'title': 'Subscription licences without an end',
        'area': 'licences', 'stream': 'licenses', 'marts': 'snow_atlas__renewals',
        'from': 'licenses', 'id': 'id', 'label': 'label', 'where': snow_atlas.flag('is_subscription'),
        'failing': snow_atlas.day('subscription_valid_to') ~ ' is null',
    },
    {
        'name': 'maintenance_without_currency',
        'title': 'Costs of maintenance and support without a currency',
        'area': 'licences', 'stream': 'license_maintenance_periods', 'marts': 'snow_atlas__renewals, snow_atlas__organization_costs',
        'from': ref('stg_snow_atlas__license_maintenance_periods') ~ ' as periods left join licenses on licenses.tenant_id = periods.tenant_id'
            ~ ' and licenses.id = periods.license_id',
        'id': 'periods.id', 'label': 'licenses.label',
        'where': '(periods.maintenance_cost is not null or periods.support_cost is not null)',
        'failing': 'periods.purchase_currency is null',
    },
    {
        'name': 'agreements_without_end',
        'title': 'Agreements without a period that ends',
        'area': 'agreements and contracts', 'stream': 'agreements', 'marts': 'snow_atlas__renewals',
        'from': ref('stg_snow_atlas__agreements') ~ ' as agreements left join agreement_ends on agreement_ends.tenant_id = agreements.tenant_id'
            ~ ' and agreement_ends.id = agreements.id',
        'id': 'agreements.id', 'label': 'agreements.name', 'needs': ['agreement_periods'],
        'failing': 'agreement_ends.ends is null',
    },
    {
        'name': 'contracts_without_end',
        'title': 'Contracts without a period that ends',
        'area': 'agreements and contracts', 'stream': 'contracts', 'marts': 'snow_atlas__renewals',
        'from': ref('stg_snow_atlas__contracts') ~ ' as contracts left join contract_ends on contract_ends.tenant_id = contracts.tenant_id'
            ~ ' and contract_ends.id = contracts.id',
        'id': 'contracts.id', 'label': 'contracts.name', 'needs': ['contract_periods'],
        'failing': 'contract_ends.ends is null',
    },
    {
        'name': 'saas_users_without_account',
        'title': 'SaaS users whose mail address belongs to no user account',
        'area': 'saas', 'stream': 'saas_users', 'marts': 'snow_atlas__saas_seats, snow_atlas__organization_costs',
        'from': ref('stg_snow_atlas__saas_users') ~ ' as users left join mail_addresses'
            ~ ' on mail_addresses.tenant_id = users.tenant_id and mail_addresses.email = lower(users.email)',
        'id': 'users.id', 'label': 'users.id', 'needs': ['user_accounts'],
        'failing': 'mail_addresses.email is null',
    },
    {
        'name': 'saas_subscriptions_without_currency',
        'title': 'Prices of ServiceNow subscriptions without a currency',
        'area': 'saas', 'stream': 'saas_servicenow_subscriptions', 'marts': 'snow_atlas__renewals, snow_atlas__saas_seats, snow_atlas__saas_spend',
        'from': ref('stg_snow_atlas__saas_servicenow_subscriptions'), 'id': 'id', 'label': 'name',
        'where': 'cost_per_unit is not null',
        'failing': 'currency is null',
    },
    {
        'name': 'oracle_databases_not_scanned',
        'title': 'Oracle databases that have not been scanned for long, or never',
        'area': 'oracle', 'stream': 'oracle_database_installations', 'marts': 'snow_atlas__oracle_exposure',
        'from': ref('stg_snow_atlas__oracle_database_installations'), 'id': 'id', 'label': 'database_name',
        'failing': 'scan_date is null or cast(scan_date as date) < ' ~ not_scanned_before,
    },
    {
        'name': 'organizations_without_parent',
        'title': 'Organizations whose parent is not listed, so that their costs are rolled up to nowhere',
        'area': 'organizations', 'stream': 'organizations', 'marts': 'snow_atlas__organization_costs',
        'from': 'organizations left join organizations as parents on parents.tenant_id = organizations.tenant_id'
            ~ ' and parents.id = organizations.parent_id',
        'id': 'organizations.id', 'label': 'organizations.name',
        'failing': "organizations.parent_id <> '00000000-0000-0000-0000-000000000000' and parents.id is null",
    },
    {
        'name': 'currencies_not_known',
        'title': 'Amounts in a currency that is no ISO code',
        'area': 'currencies', 'stream': none,
        'marts': 'snow_atlas__license_position, snow_atlas__reclaimable_software, snow_atlas__hardware_refresh, '
            ~ 'snow_atlas__organization_costs, snow_atlas__renewals',
        'from': 'currencies', 'id': 'currency', 'label': 'currency', 'weight': 'amounts',
        'failing': "currency not in ('" ~ snow_atlas.currency_codes() | join("', '") ~ "')",
    },
    {
        'name': 'dates_left_out',
        'title': 'Rows with a date before 1900 or after 9990, which counts as no date',
        'area': 'streams', 'stream': none, 'marts': all_marts,
        'from': 'streams', 'id': 'stream', 'label': 'stream', 'weight': 'number_of_rows', 'fails': 'rows_with_dates_left_out',
        'where': 'number_of_rows > 0', 'failing': 'rows_with_dates_left_out > 0',
    },
    {
        'name': 'values_unreadable',
        'title': 'Rows with a text that is no JSON, number or date where one belongs',
        'area': 'streams', 'stream': none, 'marts': all_marts,
        'from': 'streams', 'id': 'stream', 'label': 'stream', 'weight': 'number_of_rows', 'fails': 'rows_with_unreadable_values',
        'where': 'number_of_rows > 0', 'failing': 'rows_with_unreadable_values > 0',
    },
    {
        'name': 'streams_without_rows',
        'title': 'Streams whose table has no rows: Snow Atlas has none, or their first sync failed',
        'area': 'streams', 'stream': none, 'marts': all_marts,
        'from': 'streams', 'id': 'stream', 'label': 'stream', 'where': 'is_synced', 'failing': 'number_of_rows = 0',
    },
] -%}
{#- The streams that each mart reads: its figures lack those that are not synced. -#}
{%- for mart in marts -%}
    {%- do checks.append({
        'name': 'streams_of_' ~ mart | replace('snow_atlas__', ''),
        'title': 'Streams of ' ~ mart ~ ' that are not synced',
        'area': 'streams', 'stream': none, 'marts': mart,
        'from': 'streams', 'id': 'stream', 'label': 'stream',
        'where': "stream in ('" ~ snow_atlas.streams_of(mart) | join("', '") ~ "')" if execute else 'true',
        'failing': 'not is_synced',
    }) -%}
{%- endfor -%}
with computers as (
    select
        tenant_id,
        id,
        host_name,
        organization_id,
        last_scan_date,
        count(*) over (partition by tenant_id, host_name) as same_names
    from {{ ref('stg_snow_atlas__computers') }}
),

hardware as (
    select tenant_id, computer_id, host_name, owner_status, system_support
    from {{ ref('snow_atlas__hardware_refresh') }}
),

details as (
    select tenant_id, id, host_name, is_virtual, purchase_date, purchase_value, purchase_currency
    from {{ ref('stg_snow_atlas__computer_details') }}
),

organizations as (
    select tenant_id, id, parent_id, name
    from {{ ref('stg_snow_atlas__organizations') }}
),

applications as (
    select *
    from {{ ref('stg_snow_atlas__applications') }}
),

{# The one large table is added up before anything is joined to it. #}
installations as (
    select
        tenant_id,
        application_id,
        count(*) as found,
        max(case when {{ snow_atlas.flag('is_installed') }} then 1 else 0 end) as is_installed,
        max({{ snow_atlas.day('last_used') }}) as last_used
    from {{ ref('stg_snow_atlas__computer_applications') }}
    group by tenant_id, application_id
),

installed as (
    select tenant_id, application_id, last_used
    from installations
    where is_installed = 1
),

metrics as (
    select distinct tenant_id, application_id
    from {{ ref('stg_snow_atlas__application_metrics') }}
),

licenses as (
    select held.*, coalesce(applications.name, held.product_description) as label
    from {{ ref('stg_snow_atlas__licenses') }} as held
    left join applications
        on applications.tenant_id = held.tenant_id and applications.id = held.application_id
    where coalesce(held.status, '') <> 'Archived'
),

agreement_ends as (
    select tenant_id, id, max({{ snow_atlas.day('valid_to') }}) as ends
    from {{ ref('stg_snow_atlas__agreement_periods') }}
    group by tenant_id, id
),

contract_ends as (
    select tenant_id, id, max({{ snow_atlas.day('valid_to') }}) as ends
    from {{ ref('stg_snow_atlas__contract_periods') }}
    group by tenant_id, id
),

mail_addresses as (
    select distinct tenant_id, lower(email) as email
    from {{ ref('stg_snow_atlas__user_accounts') }}
    where email is not null
),

{# Every currency that an amount names, and how many amounts do. #}
currencies as (
    select tenant_id, currency, count(*) as amounts
    from (
        {%- for model, column in amounts %}
        select tenant_id, {{ column }} as currency
        from {{ model }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as named
    where currency is not null
    group by tenant_id, currency
),

streams as (
    select * from {{ ref('int_snow_atlas__streams') }}
),

{# A check without its streams, or without rows in them, has no result. #}
needed as (
    {%- for check in checks %}
    {%- set check_loop = loop %}
    {#- Checks of no stream in particular are made for every tenant, and `streams` has a row of each stream for each. #}
    {%- for stream in [check.stream or 'tenant'] + (check.needs or []) %}
    select '{{ check.name }}' as check_name, '{{ stream }}' as stream
    {{ 'union all' if not (loop.last and check_loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

ready as (
    select
        streams.tenant_id,
        needed.check_name,
        min(case when streams.is_synced then 1 else 0 end) as is_synced,
        min(case when streams.number_of_rows > 0 then 1 else 0 end) as has_rows
    from needed
    inner join streams on streams.stream = needed.stream
    group by streams.tenant_id, needed.check_name
),

looked_at as (
    {%- for check in checks %}
    select
        '{{ check.name }}' as check_name,
        {{ check.id.split('.')[0] ~ '.' if '.' in check.id }}tenant_id as tenant_id,
        {{ check.id }} as id,
        coalesce({{ check.label }}, {{ check.id }}) as label,
        {{ check.weight or 1 }} as weight,
        {{ check.fails or check.weight or 1 }} as failing_weight,
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
        row_number() over (partition by tenant_id, check_name, is_failing order by id) as place
    from looked_at
),

found as (
    select
        tenant_id,
        check_name,
        sum(weight) as checked,
        sum(case when is_failing then failing_weight else 0 end) as failing,
        {{ dbt.listagg("case when is_failing and (place <= 3 or check_name like 'streams_of%') then label end", "'; '", 'order by place') }} as examples
    from placed
    group by tenant_id, check_name
),

checks as (
    {%- for check in checks %}
    select
        '{{ check.name }}' as check_name,
        '{{ check.title }}' as title,
        '{{ check.area }}' as area,
        cast({{ "'" ~ check.stream ~ "'" if check.stream else 'null' }} as {{ dbt.type_string() }}) as checked_stream,
        '{{ check.marts }}' as affected_marts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    ready.tenant_id,
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
        when ready.is_synced = 0 and checks.checked_stream is not null then 'not synced'
        else 'nothing to check'
    end as status,
    found.examples,
    checks.affected_marts
from checks
inner join ready on ready.check_name = checks.check_name
left join found
    on found.check_name = checks.check_name
    and found.tenant_id = ready.tenant_id
    and (ready.has_rows = 1 or checks.checked_stream is null)
