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


{# Deletes the rows of today, which are made anew, and those that are older than `snow_atlas_history_days`. #}
{% macro forget_days(table, every) %}
    {%- if is_incremental() -%}
        {%- set kept = var('snow_atlas_history_days', 1100) | int -%}
        {%- set first = snow_atlas.today() if every == 'day' else 'cast(' ~ dbt.date_trunc('month', snow_atlas.today()) ~ ' as date)' %}
        delete from {{ table }}
        where (built_on {{ '=' if every == 'day' else '>=' }} {{ first }} and {{ snow_atlas.is_last_day(table) }})
        {%- if kept %}
            or built_on < {{ snow_atlas.add_days(snow_atlas.today(), -kept) }}
        {%- endif %}
    {%- endif -%}
{% endmacro %}


{# Whether no later day than today is in the table: with `snow_atlas_today` in the past nothing of the past is written. #}
{% macro is_last_day(table) -%}
    {{ snow_atlas.today() }} >= (select coalesce(max(days.built_on), {{ snow_atlas.today() }}) from {{ table }} as days)
{%- endmacro %}


{# The rows of a query, as those of today. #}
{% macro history_of(query) %}
select
    {{ snow_atlas.today() }} as built_on,
    found.*
from (
    {{ query }}
) as found
{%- if is_incremental() %}
where {{ snow_atlas.is_last_day(this) }}
{%- endif %}
{% endmacro %}
