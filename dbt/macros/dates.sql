{# The day that marts treat as today: the variable `snow_atlas_today`, or the day in UTC on which dbt started. It is the same for all
   marts of a run. #}
{% macro today() -%}
    cast('{{ var('snow_atlas_today', none) or run_started_at.strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}


{# Whole days from one date to another; negative where the second is the earlier one. #}
{% macro days_between(first, second) -%}
    {{ dbt.datediff('cast(' ~ first ~ ' as date)', 'cast(' ~ second ~ ' as date)', 'day') }}
{%- endmacro %}


{# A date plus a number of days, which may be negative. #}
{% macro add_days(day, number) -%}
    cast({{ dbt.dateadd('day', number, day) }} as date)
{%- endmacro %}


{# Null for dates before 1900 or after 9990: systems write the years 1 and 9999 for a missing date. #}
{% macro is_no_date(column) -%}
    {{ column }} < '1900-01-01' or {{ column }} >= '9991-01-01'
{%- endmacro %}

{% macro known_date(column) -%}
    case when not ({{ snow_atlas.is_no_date(column) }}) then {{ column }} end
{%- endmacro %}


{# The day of a timestamp. Null for the first days of clocks, in 1900, 1970 and 1980: nothing in Snow Atlas was bought, found or used
   that early. #}
{% macro day(timestamp) -%}
    case when {{ timestamp }} >= '1980-01-02' then cast({{ timestamp }} as date) end
{%- endmacro %}
