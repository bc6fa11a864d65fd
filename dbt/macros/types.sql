{# Convert the loader's column types into those of staging columns. `from_type` is the database's name for it, in lower
   case. A text that can't be read as its type is null. #}
{% macro cast_field(expression, from_type, type) -%}
    {%- set types = {
        'text': dbt.type_string(),
        'integer': dbt.type_bigint(),
        'double': snow_atlas.type_double(),
        'money': dbt.type_numeric(),
        'boolean': dbt.type_boolean(),
        'date': 'date',
    } -%}
    {%- if type == 'any' or (type == 'json' and not snow_atlas.is_text(from_type)) -%}
        {{ snow_atlas.json_text(expression, from_type) }}
    {%- elif type == 'json' -%}
        case when {{ snow_atlas.is_json(expression) }} then {{ expression }} end
    {%- elif type == 'currency' -%}
        {{ snow_atlas.currency_code('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') }}
    {%- elif type == 'timestamp' -%}
        {{ snow_atlas.utc_timestamp(expression, from_type) }}
    {%- elif type == 'date' and 'timestamp' in from_type -%}
        cast({{ snow_atlas.utc_timestamp(expression, from_type) }} as date)
    {%- elif type == 'date' and snow_atlas.is_text(from_type) -%}
        {{ snow_atlas.try_cast('substr(' ~ expression ~ ', 1, 10)', 'date') }}
    {%- elif type != 'text' and snow_atlas.is_text(from_type) -%}
        {{ snow_atlas.try_cast(expression, types[type]) }}
    {%- else -%}
        cast({{ expression }} as {{ types[type] }})
    {%- endif -%}
{%- endmacro %}


{% macro is_text(from_type) %}
    {{ return('char' in from_type or 'text' in from_type or 'string' in from_type) }}
{% endmacro %}


{# A text as a type; null if it can't be converted. #}
{% macro try_cast(expression, type) -%}
    {{ return(adapter.dispatch('try_cast', 'snow_atlas')(expression, type)) }}
{%- endmacro %}

{% macro default__try_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro bigquery__try_cast(expression, type) -%}
    safe_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro postgres__try_cast(expression, type) -%}
    case when {{ snow_atlas.is_valid(expression, type) }} then cast({{ expression }} as {{ type }}) end
{%- endmacro %}


{# Whether PostgreSQL can read a text as a type. Before version 16 it has no function for that: see `create_functions`. #}
{% macro is_valid(expression, type) -%}
    {{ snow_atlas.functions_schema() }}.snow_atlas_is_valid({{ expression }}, '{{ type }}')
{%- endmacro %}

{% macro functions_schema() -%}
    {{ adapter.quote(graph.nodes['model.snow_atlas.stg_snow_atlas__tenant'].schema if execute else target.schema) }}
{%- endmacro %}

{# Create the functions that a run needs before its first model. #}
{% macro create_functions() %}
    {%- if target.type == 'postgres' and execute %}
create schema if not exists {{ snow_atlas.functions_schema() }};
create or replace function {{ snow_atlas.functions_schema() }}.snow_atlas_is_valid(value text, type text) returns boolean
language plpgsql stable as $$
begin
    execute 'select cast($1 as ' || type || ')' using value;
    return value is not null;
exception when others then
    return false;
end
$$
    {%- endif %}
{% endmacro %}


{# A decimal to six places on every database: a quotient is a double on some, and BigQuery's decimals have nine places. #}
{% macro decimal(expression) -%}
    round(cast({{ expression }} as {{ dbt.type_numeric() }}), 6)
{%- endmacro %}


{# A floating-point number of 64 bits; dbt's own type_float has 32 on DuckDB. #}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'snow_atlas')()) }}
{%- endmacro %}

{% macro default__type_double() %}{{ return('double precision') }}{% endmacro %}
{% macro bigquery__type_double() %}{{ return('float64') }}{% endmacro %}


{# A timestamp in UTC, of the type without a time zone if the database has one. Without an offset, UTC is assumed. #}
{% macro utc_timestamp(expression, from_type) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'snow_atlas')(expression, from_type)) }}
{%- endmacro %}

{% macro default__utc_timestamp(expression, from_type) -%}
    {%- if 'with time zone' in from_type or 'timestamptz' in from_type -%}
        cast({{ expression }} at time zone 'UTC' as timestamp)
    {%- elif snow_atlas.is_text(from_type) -%}
        case
            when {{ snow_atlas.has_offset(expression) }}
            then cast({{ snow_atlas.try_cast(expression, 'timestamp with time zone') }} at time zone 'UTC' as timestamp)
            else {{ snow_atlas.try_cast(expression, 'timestamp') }}
        end
    {%- else -%}
        cast({{ expression }} as timestamp)
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__utc_timestamp(expression, from_type) -%}
    {%- if 'timestamp_ntz' in from_type or from_type in ('', 'date') -%}
        cast({{ expression }} as timestamp_ntz)
    {%- elif snow_atlas.is_text(from_type) -%}
        case
            when {{ snow_atlas.has_offset(expression) }}
            then cast(convert_timezone('UTC', {{ snow_atlas.try_cast(expression, 'timestamp_tz') }}) as timestamp_ntz)
            else {{ snow_atlas.try_cast(expression, 'timestamp_ntz') }}
        end
    {%- else -%}
        cast(convert_timezone('UTC', cast({{ expression }} as timestamp_tz)) as timestamp_ntz)
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__utc_timestamp(expression, from_type) -%}
    {%- if snow_atlas.is_text(from_type) -%}
        {{ snow_atlas.try_cast(expression, 'timestamp') }}
    {%- else -%}
        cast({{ expression }} as timestamp)
    {%- endif -%}
{%- endmacro %}


{# Whether the text of a timestamp ends with Z or an offset from UTC. #}
{% macro has_offset(expression) -%}
    {{ return(adapter.dispatch('has_offset', 'snow_atlas')(expression)) }}
{%- endmacro %}

{% macro default__has_offset(expression) -%}
    {{ expression }} like '%Z' or {{ expression }} like '%:%+%' or {{ expression }} like '%:%-%'
{%- endmacro %}


{# Seconds since 1970 as a timestamp in UTC. #}
{% macro epoch_timestamp(expression) -%}
    {{ return(adapter.dispatch('epoch_timestamp', 'snow_atlas')(expression)) }}
{%- endmacro %}

{% macro default__epoch_timestamp(expression) -%}
    cast(to_timestamp(cast({{ expression }} as double precision)) at time zone 'UTC' as timestamp)
{%- endmacro %}

{% macro snowflake__epoch_timestamp(expression) -%}
    to_timestamp_ntz(cast(cast({{ expression }} as double precision) * 1000000 as bigint), 6)
{%- endmacro %}

{% macro bigquery__epoch_timestamp(expression) -%}
    timestamp_micros(cast(cast({{ expression }} as float64) * 1000000 as int64))
{%- endmacro %}
