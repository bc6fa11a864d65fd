{# Nested values are text columns with JSON in them; these macros read such text. #}

{# A column of any type as text with JSON in it. #}
{% macro json_text(expression, from_type) -%}
    {{ return(adapter.dispatch('json_text', 'snow_atlas')(expression, from_type)) }}
{%- endmacro %}

{% macro default__json_text(expression, from_type) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__json_text(expression, from_type) -%}
    {%- if from_type in ('variant', 'object', 'array') -%}
        to_json({{ expression }})
    {%- else -%}
        cast({{ expression }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__json_text(expression, from_type) -%}
    {%- if from_type in ('json', 'struct', 'record') or from_type.startswith('array') -%}
        to_json_string({{ expression }})
    {%- else -%}
        cast({{ expression }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}


{# Whether a text is JSON. #}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json', 'snow_atlas')(text)) }}
{%- endmacro %}

{% macro default__is_json(text) -%}{{ snow_atlas.is_valid(text, 'jsonb') }}{%- endmacro %}
{% macro duckdb__is_json(text) -%}json_valid({{ text }}){%- endmacro %}
{% macro snowflake__is_json(text) -%}try_parse_json({{ text }}) is not null{%- endmacro %}
{% macro bigquery__is_json(text) -%}safe.parse_json({{ text }}) is not null{%- endmacro %}


{# The property of an object, as text. #}
{% macro json_field(json, field) -%}
    {{ return(adapter.dispatch('json_field', 'snow_atlas')(json, field)) }}
{%- endmacro %}

{% macro default__json_field(json, field) -%}
    (cast({{ json }} as jsonb) ->> '{{ field }}')
{%- endmacro %}

{% macro duckdb__json_field(json, field) -%}
    json_extract_string({{ json }}, '$."{{ field }}"')
{%- endmacro %}

{% macro snowflake__json_field(json, field) -%}
    cast(parse_json({{ json }})['{{ field }}'] as {{ dbt.type_string() }})
{%- endmacro %}

{% macro bigquery__json_field(json, field) -%}
    json_value({{ json }}, '$."{{ field }}"')
{%- endmacro %}


{# A join, after a table in `from`, with a row for each element of an array; none for null and for other values.
   `json_element(alias)` is the element as text: plain for strings and numbers, else JSON. #}
{% macro json_elements(json, alias) -%}
    {{ return(adapter.dispatch('json_elements', 'snow_atlas')(json, alias)) }}
{%- endmacro %}

{% macro default__json_elements(json, alias) -%}
    cross join lateral jsonb_array_elements_text(
        case when jsonb_typeof(cast({{ json }} as jsonb)) = 'array' then cast({{ json }} as jsonb) end
    ) as {{ alias }}(element)
{%- endmacro %}

{% macro duckdb__json_elements(json, alias) -%}
    cross join lateral (select unnest(json_extract_string({{ json }}, '$[*]')) as element) as {{ alias }}
{%- endmacro %}

{% macro snowflake__json_elements(json, alias) -%}
    cross join lateral flatten(input => parse_json({{ json }})) as {{ alias }}
{%- endmacro %}

{% macro bigquery__json_elements(json, alias) -%}
    cross join unnest(json_query_array({{ json }})) as {{ alias }}
{%- endmacro %}


{% macro json_element(alias) -%}
    {{ return(adapter.dispatch('json_element', 'snow_atlas')(alias)) }}
{%- endmacro %}

{% macro default__json_element(alias) -%}{{ alias }}.element{%- endmacro %}
{% macro snowflake__json_element(alias) -%}cast({{ alias }}.value as {{ dbt.type_string() }}){%- endmacro %}
{% macro bigquery__json_element(alias) -%}coalesce(json_value({{ alias }}), {{ alias }}){%- endmacro %}
