{# The day that marts take for today: the variable `snow_atlas_today`, or the day in UTC on which dbt started. It is the same for all
   marts of a run. #}
{% macro today() -%}
    cast('{{ var('snow_atlas_today', none) or run_started_at.strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}


{# Whole days from one date to another; negative where the second is the earlier one. #}
{% macro days_between(first, second) -%}
    {{ dbt.datediff('cast(' ~ first ~ ' as date)', 'cast(' ~ second ~ ' as date)', 'day') }}
{%- endmacro %}


{# A date, so many days later; earlier where the number is negative. #}
{% macro add_days(day, number) -%}
    cast({{ dbt.dateadd('day', number, day) }} as date)
{%- endmacro %}


{# Year 1 and year 9999 are what systems write for no date: whatever is before 1900 or beyond 9990 is null. #}
{% macro is_no_date(column) -%}
    {{ column }} < '1900-01-01' or {{ column }} >= '9991-01-01'
{%- endmacro %}

{% macro known_date(column) -%}
    case when not ({{ snow_atlas.is_no_date(column) }}) then {{ column }} end
{%- endmacro %}


{# The day of a moment. The first days of clocks, in 1900, 1970 and 1980, are none: nothing that Snow Atlas knows was bought, found or
   used before. #}
{% macro day(moment) -%}
    case when {{ moment }} >= '1980-01-02' then cast({{ moment }} as date) end
{%- endmacro %}
