{# The types of staging columns, from whatever type the loader gave them. `from_type` is the database's name for it, in lower
   case. #}
{% macro cast_field(expression, from_type, type) -%}
    {%- if type == 'json' -%}
        {{ snow_atlas.json_text(expression, from_type) }}
    {%- elif type == 'timestamp' -%}
        {{ snow_atlas.utc_timestamp(expression, from_type) }}
    {%- else -%}
        {%- set types = {
            'text': dbt.type_string(),
            'integer': dbt.type_bigint(),
            'double': snow_atlas.type_double(),
            'money': dbt.type_numeric(),
            'boolean': dbt.type_boolean(),
            'date': 'date',
        } -%}
        cast({{ expression }} as {{ types[type] }})
    {%- endif -%}
{%- endmacro %}


{# A floating-point number of 64 bits; dbt's own type_float has 32 on DuckDB. #}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'snow_atlas')()) }}
{%- endmacro %}

{% macro default__type_double() %}{{ return('double precision') }}{% endmacro %}
{% macro bigquery__type_double() %}{{ return('float64') }}{% endmacro %}


{# A moment as a timestamp in UTC, without a zone of its own where the database has such a type. #}
{% macro utc_timestamp(expression, from_type) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'snow_atlas')(expression, from_type)) }}
{%- endmacro %}

{% macro default__utc_timestamp(expression, from_type) -%}
    {%- if 'with time zone' in from_type or 'timestamptz' in from_type -%}
        cast({{ expression }} at time zone 'UTC' as timestamp)
    {%- elif 'char' in from_type or 'text' in from_type -%}
        cast(cast({{ expression }} as timestamp with time zone) at time zone 'UTC' as timestamp)
    {%- else -%}
        cast({{ expression }} as timestamp)
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__utc_timestamp(expression, from_type) -%}
    {%- if 'timestamp_ntz' in from_type or from_type == '' -%}
        cast({{ expression }} as timestamp_ntz)
    {%- else -%}
        cast(convert_timezone('UTC', cast({{ expression }} as timestamp_tz)) as timestamp_ntz)
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__utc_timestamp(expression, from_type) -%}
    cast({{ expression }} as timestamp)
{%- endmacro %}
