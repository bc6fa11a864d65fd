{# History: Snow Atlas and each sync have today's values only, so each build adds rows to tables with a row for each key and day. #}

{# The settings of such a table. A second build on a day replaces the rows of the first one. Earlier days are never changed, not even
   by `--full-refresh`. There is no merge, because a key may hold nulls, and because rows that are missing in the second build have to
   be removed. With `every='month'` the last build of a month replaces the earlier ones. #}
{% macro history_config(every='day') %}
    {{ config(
        materialized='incremental',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ snow_atlas.forget_days(this, '" ~ every ~ "') }}"
    ) }}
{% endmacro %}


{# The streams that the rows of a history come from: without one of them whole rows are missing. #}
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


{# The ones of these streams that a tenant does not have now. #}
{% macro streams_lacking(history, source) %}
    {%- set found = [] -%}
    {%- for stream in snow_atlas.rows_from(history) if snow_atlas.synced_table(source, stream) is none -%}
        {%- do found.append(stream) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{# The same as SQL text; empty if a tenant has all of them. #}
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


{# Delete the rows of today, which are built again, and those older than `snow_atlas_history_days`. The rows of today stay if a tenant
   does not have all streams that they were built from, because a failed sync must not remove them. #}
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


{# Whether the table has no day later than today: with `snow_atlas_today` in the past, nothing is written. #}
{% macro is_last_day(table) -%}
    {{ snow_atlas.today() }} >= (select coalesce(max(days.built_on), {{ snow_atlas.today() }}) from {{ table }} as days)
{%- endmacro %}


{# The rows of a query as those of today, except for tenants whose rows of today stay. #}
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
