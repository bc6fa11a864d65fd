{# The two days, for each table and tenant with rows of both from the same streams: a stream that was not synced on one of them is not
   a change. #}
{%- set since = var('snow_atlas_since', none) -%}
{%- set subjects = {
    'license_position': 'licence positions', 'applications': 'applications', 'saas_seats': 'SaaS seats', 'computers': 'computers',
} -%}
{%- set tables = subjects.keys() | list + ['data_quality'] -%}
{%- set position_name = dbt.concat([
    "coalesce(later.application_name, later.application_id)",
    "case when later.metric_name is null then '' else " ~ dbt.concat(["', '", "later.metric_name"]) ~ " end",
]) -%}
with days_built as (
    {%- for table in tables %}
    select
        '{{ table }}' as source_table,
        tenant_id,
        built_on,
        {{ snow_atlas.lacking_text(table, 'tenant_id') }} as lacking_now,
        max(coalesce(lacking_streams, '')) as lacking_streams
    from {{ ref('snow_atlas__' ~ table ~ '_history') }}
    where built_on <= {{ snow_atlas.today() }}
    group by tenant_id, built_on
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

pairs as (
    select
        earlier.source_table,
        earlier.tenant_id,
        earlier.built_on as since_on,
        {{ snow_atlas.today() }} as until_on,
        earlier.lacking_streams as lacking_before,
        coalesce(later.lacking_streams, earlier.lacking_now) as lacking_after,
        later.tenant_id is not null and later.lacking_streams = earlier.lacking_streams as is_compared
    from (
        select *, row_number() over (partition by source_table, tenant_id order by built_on desc) as place
        from days_built
        where {% if since -%}
            built_on <= cast('{{ since }}' as date) and built_on < {{ snow_atlas.today() }}
        {%- else -%}
            built_on < cast({{ dbt.date_trunc('month', snow_atlas.today()) }} as date)
        {%- endif %}
    ) as earlier
    left join days_built as later
        on later.source_table = earlier.source_table
        and later.tenant_id = earlier.tenant_id
        and later.built_on = {{ snow_atlas.today() }}
    where earlier.place = 1
),

days as (
    select source_table, tenant_id, since_on, until_on
    from pairs
    where is_compared
),

{%- for table in tables[:4] %}
{%- for side in ('since_on', 'until_on') %}
{{ table }}_{{ side }} as (
    select held.*, days.since_on, days.until_on
    from {{ ref('snow_atlas__' ~ table ~ '_history') }} as held
    inner join days
        on days.source_table = '{{ table }}' and days.tenant_id = held.tenant_id and days.{{ side }} = held.built_on
    {%- if table == 'license_position' %}
    where held.scope = 'estate'
    {%- endif %}
),
{% endfor %}
{%- endfor %}

positions as (
    select
        later.tenant_id,
        later.since_on,
        later.until_on,
        case when later.balance < 0 then 'turned short' else 'healed' end as kind,
        later.application_id as entity_id,
        {{ position_name }} as name,
        coalesce(earlier.under_licensed, 0) as number_before,
        later.under_licensed as number_after,
        {# The other amount is null, and may be in another currency. #}
        case when later.balance < 0 then coalesce(later.exposure, 0) else -coalesce(earlier.exposure, 0) end as amount,
        case when later.balance < 0 then later.currency else earlier.currency end as currency,
        case
            when earlier.application_id is null then 'new position'
            when later.required > earlier.required and later.covered < earlier.covered then 'requirement rose, coverage fell'
            when later.required < earlier.required and later.covered > earlier.covered then 'requirement fell, coverage rose'
            when later.required > earlier.required and later.balance < 0 then 'requirement rose'
            when later.required < earlier.required and later.balance >= 0 then 'requirement fell'
            when later.covered > earlier.covered then 'coverage rose'
            when later.covered < earlier.covered then 'coverage fell'
        end as cause
    from license_position_until_on as later
    left join license_position_since_on as earlier
        on earlier.tenant_id = later.tenant_id
        and earlier.application_id = later.application_id
        and earlier.metric_id = later.metric_id
    where (later.balance < 0 and coalesce(earlier.balance, 0) >= 0) or (later.balance >= 0 and earlier.balance < 0)

    union all

    select
        earlier.tenant_id,
        earlier.since_on,
        earlier.until_on,
        'healed' as kind,
        earlier.application_id as entity_id,
        {{ position_name | replace('later.', 'earlier.') }} as name,
        earlier.under_licensed as number_before,
        0 as number_after,
        -coalesce(earlier.exposure, 0) as amount,
        earlier.currency,
        'no position any more' as cause
    from license_position_since_on as earlier
    left join license_position_until_on as later
        on later.tenant_id = earlier.tenant_id
        and later.application_id = earlier.application_id
        and later.metric_id = earlier.metric_id
    where earlier.balance < 0 and later.application_id is null
),

appeared as (
    select
        later.tenant_id,
        later.since_on,
        later.until_on,
        'application appeared' as kind,
        later.application_id as entity_id,
        coalesce(later.application_name, later.application_id) as name,
        0 as number_before,
        later.computers as number_after
    from applications_until_on as later
    left join applications_since_on as earlier
        on earlier.tenant_id = later.tenant_id and earlier.application_id = later.application_id
    where earlier.application_id is null
),

vanished as (
    select
        earlier.tenant_id,
        earlier.since_on,
        earlier.until_on,
        'application vanished' as kind,
        earlier.application_id as entity_id,
        coalesce(earlier.application_name, earlier.application_id) as name,
        earlier.computers as number_before,
        0 as number_after
    from applications_since_on as earlier
    left join applications_until_on as later
        on later.tenant_id = earlier.tenant_id and later.application_id = earlier.application_id
    where later.application_id is null
),

{# Support that ended from the first day on: software that came when it had ended already has lost none. #}
support as (
    select
        lifecycle.tenant_id,
        max(days.since_on) as since_on,
        max(days.until_on) as until_on,
        lifecycle.application_id as entity_id,
        max(coalesce(lifecycle.application_name, lifecycle.application_id)) as name,
        sum(lifecycle.computers) as number_after
    from {{ ref('snow_atlas__software_lifecycle') }} as lifecycle
    inner join days on days.source_table = 'data_quality' and days.tenant_id = lifecycle.tenant_id
    where lifecycle.status = 'ended' and lifecycle.ends_on >= days.since_on and lifecycle.ends_on < days.until_on
    group by lifecycle.tenant_id, lifecycle.application_id
),

{# The same seats in another currency, or in one that was not known before, are neither released nor taken, and their costs can't
   be compared. #}
{%- set one_currency = "min(coalesce(currency, '')) = max(coalesce(currency, ''))" %}
seats as (
    select
        tenant_id,
        since_on,
        until_on,
        application_id as entity_id,
        max(application_name) as name,
        case when {{ one_currency }} then max(currency) end as currency,
        sum(seats_before) as number_before,
        sum(seats_after) as number_after,
        case when {{ one_currency }} then sum(cost_after) - sum(cost_before) end as amount
    from (
        select tenant_id, since_on, until_on, application_id, application_name, currency, seats as seats_before, 0 as seats_after,
            coalesce(cost_per_month, 0) as cost_before, 0 as cost_after
        from saas_seats_since_on
        union all
        select tenant_id, since_on, until_on, application_id, application_name, currency, 0 as seats_before, seats as seats_after,
            0 as cost_before, coalesce(cost_per_month, 0) as cost_after
        from saas_seats_until_on
    ) as both_days
    group by tenant_id, since_on, until_on, application_id
),

passed as (
    select
        renewals.tenant_id,
        days.since_on,
        days.until_on,
        renewals.source_id as entity_id,
        renewals.name,
        renewals.kind as cause,
        {# Of subscriptions Snow Atlas holds no later period. #}
        case when renewals.is_renewed is null then 'ended, renewal unknown' else 'ended without successor' end as kind,
        renewals.amount,
        renewals.currency
    from {{ ref('snow_atlas__renewals') }} as renewals
    inner join days on days.source_table = 'data_quality' and days.tenant_id = renewals.tenant_id
    where renewals.ends_on >= days.since_on and renewals.ends_on < days.until_on and not {{ snow_atlas.flag('renewals.is_renewed') }}
),

computers as (
    select
        coalesce(earlier.tenant_id, later.tenant_id) as tenant_id,
        coalesce(earlier.since_on, later.since_on) as since_on,
        coalesce(earlier.until_on, later.until_on) as until_on,
        case when later.computer_id is null then 'computers left' else 'computers came' end as kind,
        coalesce(earlier.kind, later.kind) as name,
        coalesce(earlier.currency, later.currency) as currency,
        count(earlier.computer_id) as number_before,
        count(later.computer_id) as number_after,
        sum(coalesce(earlier.purchase_value, later.purchase_value)) as amount
    from computers_since_on as earlier
    full outer join computers_until_on as later
        on later.tenant_id = earlier.tenant_id and later.computer_id = earlier.computer_id
    where earlier.computer_id is null or later.computer_id is null
    group by 1, 2, 3, 4, 5, 6
),

changes as (
    select tenant_id, since_on, until_on, kind, entity_id, name, number_before, number_after, amount, currency, cause from positions
    {%- set null_text = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
    {%- set no_money = 'cast(null as ' ~ dbt.type_numeric() ~ ')' %}
    union all
    select tenant_id, since_on, until_on, kind, entity_id, name, number_before, number_after, {{ no_money }}, {{ null_text }}, {{ null_text }}
    from appeared
    union all
    select tenant_id, since_on, until_on, kind, entity_id, name, number_before, number_after, {{ no_money }}, {{ null_text }}, {{ null_text }}
    from vanished
    union all
    select tenant_id, since_on, until_on, 'lost support', entity_id, name, 0, number_after, {{ no_money }}, {{ null_text }}, {{ null_text }}
    from support
    union all
    select
        tenant_id, since_on, until_on, case when number_after < number_before then 'seats released' else 'seats taken' end,
        entity_id, name, number_before, number_after, amount, currency, {{ null_text }}
    from seats
    where number_after <> number_before
    union all
    select tenant_id, since_on, until_on, kind, entity_id, name, 1, 0, amount, currency, cause
    from passed
    union all
    select tenant_id, since_on, until_on, kind, name, name, number_before, number_after, amount, currency, {{ null_text }}
    from computers
    union all
    select
        tenant_id, since_on, until_on, 'not compared', source_table,
        case source_table
            {%- for table, name in subjects.items() %}
            when '{{ table }}' then '{{ name }}'
            {%- endfor %}
        end,
        cast(null as {{ dbt.type_bigint() }}), cast(null as {{ dbt.type_bigint() }}), {{ no_money }}, {{ null_text }},
        case
            when length(lacking_after) > length(lacking_before)
                then {{ dbt.concat(["'not synced on the later day: '", "lacking_after"]) }}
            else {{ dbt.concat(["'not synced on the earlier day: '", "lacking_before"]) }}
        end
    from pairs
    where not is_compared and (lacking_after <> '' or lacking_before <> '')
)

select
    tenant_id,
    since_on,
    until_on,
    kind,
    entity_id,
    name,
    cast(number_before as {{ dbt.type_bigint() }}) as number_before,
    cast(number_after as {{ dbt.type_bigint() }}) as number_after,
    cast(amount as {{ dbt.type_numeric() }}) as amount,
    currency,
    cause
from changes
