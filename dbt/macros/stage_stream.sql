{# The query of a staging model. `columns` has a field of the stream, the column that shows it, and its type for each;
   `outer.inner` is a property within a field that is an object. The table's own columns are looked up by name whatever their
   case. A column that is missing is null, and a table that is missing, or left out by the user, is empty. #}
{% macro stage_stream(stream, columns) %}
{%- set table = snow_atlas.synced_table(stream) -%}
{%- set found = snow_atlas.columns_by_name(table) -%}
select
    {%- for field, name, type in columns %}
    {{ snow_atlas.staged_column(found, field, type) }} as {{ name }},
    {%- endfor %}
    {{ snow_atlas.staged_column(found, '_airbyte_extracted_at', 'timestamp') }} as _synced_at
{%- if table is not none %}
from {{ table }}
{%- else %}
from (select 1 as one) as nothing
where 1 = 0
{%- endif %}
{% endmacro %}


{# The table of a stream as the database has it, or none. #}
{% macro synced_table(stream) %}
    {%- if execute and stream.identifier not in var('snow_atlas_leave_out', []) -%}
        {{ return(adapter.get_relation(stream.database, stream.schema, stream.identifier)) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}


{# The columns of a table by their names in lower case. #}
{% macro columns_by_name(table) %}
    {%- set found = {} -%}
    {%- if table is not none -%}
        {%- for column in adapter.get_columns_in_relation(table) -%}
            {%- do found.update({column.name | lower: column}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}


{# One field, or a property within it, as a type; null of that type where the table does not have it. #}
{% macro staged_column(found, field, type) -%}
    {%- set path = field.split('.') -%}
    {%- set column = found.get(path[0] | lower) -%}
    {%- if column is none -%}
        {{ snow_atlas.cast_field('null', '', type) }}
    {%- elif path | length == 1 -%}
        {{ snow_atlas.cast_field(adapter.quote(column.name), column.dtype | lower, type) }}
    {%- else -%}
        {%- set json = snow_atlas.json_text(adapter.quote(column.name), column.dtype | lower) -%}
        {{ snow_atlas.cast_field(snow_atlas.json_field(json, path[1]), 'text', type) }}
    {%- endif -%}
{%- endmacro %}
