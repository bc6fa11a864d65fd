{# History: Snow Atlas and every sync know only today, so each build adds what it found to tables with a row for each key and day. #}

{# The settings of such a table. A second build on a day replaces what the first one has added; an earlier day is never touched, nor
   is anything by `--full-refresh`. No merge: a key may hold nulls, and rows that are gone by the second build have to go. With
   `every='month'` the last build of a month takes the place of those before it. #}
{% macro history_config(every='day') %}
    {{ config(
        materialized='incremental',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ snow_atlas.forget_days(this, '" ~ every ~ "') }}"
    ) }}
{% endmacro %}


{# The streams that the rows of a history come from: without one of them rows lack, and not only values. #}
{% macro rows_from(history) %}
    {{ return({
        'applications': ['computer_applications'],
        'computers': ['computers'],
        'hardware_refresh': ['computers'],
        'license_position': ['license_compliance_allocation', 'license_compliance_summary'],
        'oracle_exposure': [
            'oracle_database_management_packs', 'oracle_database_options', 'oracle_database_product_compliance',
            'oracle_java_installations', 'oracle_middleware_product_compliance',
        ],
        'reclaimable_software': ['applications', 'computer_applications', 'computers'],
        'renewals': [
            'agreement_periods', 'contract_periods', 'license_maintenance_periods', 'licenses', 'saas_servicenow_subscriptions',
        ],
        'saas_seats': ['saas_subscription_users', 'saas_user_subscriptions'],
        'software_lifecycle': ['applications', 'computer_applications', 'computers'],
    }.get(history, [])) }}
{% endmacro %}


{# Those of them that a tenant lacks now. #}
{% macro streams_lacking(history, source) %}
    {%- set found = [] -%}
    {%- for stream in snow_atlas.rows_from(history) if snow_atlas.synced_table(source, stream) is none -%}
        {%- do found.append(stream) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{# The same as a text, in SQL; empty where a tenant lacks none. #}
{% macro lacking_text(history, tenant_id) -%}
    cast(
        case {{ tenant_id }}
        {%- for source in snow_atlas.sources() %}
            when '{{ source.tenant_id }}' then '{{ snow_atlas.streams_lacking(history, source) | join(', ') }}'
        {%- endfor %}
        end as {{ dbt.type_string() }}
    )
{%- endmacro %}


{# The name of a history within the package, by the model that is built. #}
{% macro history_name() %}
    {{ return(model.name | replace('snow_atlas__', '') | replace('_history', '')) }}
{% endmacro %}


{# The first day of what a build replaces. #}
{% macro first_day(every) -%}
    {{ snow_atlas.today() if every == 'day' else 'cast(' ~ dbt.date_trunc('month', snow_atlas.today()) ~ ' as date)' }}
{%- endmacro %}


{# Deletes the rows of today, which are made anew, and those that are older than `snow_atlas_history_days`. Where a tenant lacks streams
   now that the rows of today had, they stay: what a later sync could not read is no reason to forget them. #}
{% macro forget_days(table, every) %}
    {%- if is_incremental() -%}
        {%- set kept = var('snow_atlas_history_days', 1100) | int -%}
        {%- set known = snow_atlas.find_column(adapter.get_columns_in_relation(table), 'lacking_streams') is not none %}
        delete from {{ table }}
        where (
            built_on >= {{ snow_atlas.first_day(every) }}
            and {{ snow_atlas.is_last_day(table) }}
            {%- for source in snow_atlas.sources() %}
            {%- set lacking = snow_atlas.streams_lacking(snow_atlas.history_name(), source) %}
            {%- if lacking %}
            and (
                tenant_id <> '{{ source.tenant_id }}'
                or ({% for stream in lacking %}{{ "lacking_streams like '%" ~ stream ~ "%'" if known else 'false' }}{{ ' and ' if not loop.last }}{% endfor %})
            )
            {%- endif %}
            {%- endfor %}
        )
        {%- if kept %}
            or built_on < {{ snow_atlas.add_days(snow_atlas.today(), -kept) }}
        {%- endif %}
    {%- endif -%}
{% endmacro %}


{# Whether no later day than today is in the table: with `snow_atlas_today` in the past nothing of the past is written. #}
{% macro is_last_day(table) -%}
    {{ snow_atlas.today() }} >= (select coalesce(max(days.built_on), {{ snow_atlas.today() }}) from {{ table }} as days)
{%- endmacro %}


{# The rows of a query, as those of today; none of a tenant whose rows of today stay. #}
{% macro history_of(query, every='day') %}
select
    {{ snow_atlas.today() }} as built_on,
    found.*,
    {{ snow_atlas.lacking_text(snow_atlas.history_name(), 'found.tenant_id') }} as lacking_streams
from (
    {{ query }}
) as found
{%- if is_incremental() %}
where {{ snow_atlas.is_last_day(this) }}
    and found.tenant_id not in (
        select held.tenant_id from {{ this }} as held where held.built_on >= {{ snow_atlas.first_day(every) }}
    )
{%- endif %}
{% endmacro %}
