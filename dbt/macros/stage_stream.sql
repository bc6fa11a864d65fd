{# The query of a staging model. `columns` has a field of the stream, the column that shows it, and its type for each;
   `outer.inner` is a property within a field that is an object. A column that is missing is null, and a table that is missing, or
   left out by the user, is empty. #}
{% macro stage_stream(stream, columns, key=[], incremental=false) %}
{%- do source('snow_atlas', stream) -%}
{%- set tables = [] -%}
{%- for each in snow_atlas.sources() -%}
    {%- set table = snow_atlas.synced_table(each, stream) -%}
    {%- if table is not none -%}
        {%- do tables.append((each.tenant_id, table)) -%}
    {%- endif -%}
{%- endfor -%}
{%- for tenant_id, table in tables or [(none, none)] %}
{{ snow_atlas.staged_rows(tenant_id, table, stream, columns, key, incremental) }}
{{- 'union all' if not loop.last }}
{%- endfor %}
{% endmacro %}


{# The rows of one tenant. #}
{% macro staged_rows(tenant_id, table, stream, columns, key, incremental) %}
{%- set held = adapter.get_columns_in_relation(table) if table is not none else [] -%}
{%- set dates = columns | selectattr(2, 'in', ['date', 'timestamp']) | map(attribute=1) | list -%}
{%- set unreadable = [] -%}
select
    tenant_id,
    {%- for field, name, type in columns %}
    {{ snow_atlas.known_date(name) if name in dates else name }} as {{ name }},
    {%- endfor %}
    {%- for field in snow_atlas.passed_through(stream) %}
    {{ snow_atlas.snake_case(field) }},
    {%- endfor %}
    _synced_at,
    {% for name in dates -%}
        {{ '+ ' if not loop.first }}case when {{ snow_atlas.is_no_date(name) }} then 1 else 0 end {{ '' }}
    {%- else -%}0 {% endfor %}as _dates_left_out,
    _unreadable_values
from (
    select
        cast({{ "'" ~ tenant_id ~ "'" if tenant_id is not none else 'null' }} as {{ dbt.type_string() }}) as tenant_id,
        {%- for field, name, type in columns %}
        {{ snow_atlas.staged_column(held, field, type, unreadable) }} as {{ name }},
        {%- endfor %}
        {%- for field in snow_atlas.passed_through(stream) %}
        {{ snow_atlas.extra_column(held, field) }} as {{ snow_atlas.snake_case(field) }},
        {%- endfor %}
        {{ snow_atlas.synced_at(held) }} as _synced_at,
        {%- set meta = snow_atlas.find_column(held, '_airbyte_meta') -%}
        {%- if meta is not none -%}
            {%- do unreadable.append(snow_atlas.json_text(adapter.quote(meta.name), meta.dtype | lower) ~ " like '%NULLED%'") -%}
        {%- endif %}
        {% for each in unreadable -%}
            {{ '+ ' if not loop.first }}case when {{ each }} then 1 else 0 end {{ '' }}
        {%- else -%}0 {% endfor %}as _unreadable_values
    {%- if table is none %}
    from (select 1 as one) as nothing
    where 1 = 0
    {%- else %}
    from {{ snow_atlas.newest_rows(table, held, stream, key, incremental) }}
    {%- endif %}
) as staged
{% endmacro %}


{# One field, or a property within it, as a type; null of that type if the table does not have it. The condition for an unreadable
   value is added to `unreadable`. #}
{% macro staged_column(held, field, type, unreadable) -%}
    {%- set path = field.split('.') -%}
    {%- set column = snow_atlas.find_column(held, path[0]) -%}
    {%- if column is none -%}
        {{ return(snow_atlas.cast_field('null', '', type)) }}
    {%- endif -%}
    {%- set raw, from_type = adapter.quote(column.name), column.dtype | lower -%}
    {%- if path | length == 1 -%}
        {%- set value = snow_atlas.cast_field(raw, from_type, type) -%}
    {%- else -%}
        {%- set raw, from_type = snow_atlas.json_field(snow_atlas.cast_field(raw, from_type, 'json'), path[1]), 'text' -%}
        {%- set value = snow_atlas.cast_field(raw, from_type, type) -%}
    {%- endif -%}
    {%- if type not in ('text', 'currency', 'any') -%}
        {%- set extra = snow_atlas.find_column(held, '_extra') -%}
        {%- if snow_atlas.is_text(from_type) -%}
            {%- do unreadable.append(raw ~ ' is not null and ' ~ value ~ ' is null') -%}
        {%- elif extra is not none -%}
            {%- do unreadable.append(raw ~ ' is null and ' ~ snow_atlas.extra_field(extra, field) ~ ' is not null') -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}


{# A field that the package does not know, as text: a column of its own, or a property of what `snow-atlas-sync` keeps in `_extra`. #}
{% macro extra_column(held, field) %}
    {%- set column, extra = snow_atlas.find_column(held, field), snow_atlas.find_column(held, '_extra') -%}
    {%- if column is none and extra is not none -%}
        {{ return(snow_atlas.extra_field(extra, field)) }}
    {%- elif column is none -%}
        {{ return(snow_atlas.cast_field('null', '', 'text')) }}
    {%- endif -%}
    {{ return(snow_atlas.cast_field(adapter.quote(column.name), column.dtype | lower, 'any')) }}
{% endmacro %}

{% macro extra_field(extra, field) %}
    {{ return(snow_atlas.json_field(snow_atlas.json_text(adapter.quote(extra.name), extra.dtype | lower), field)) }}
{% endmacro %}


{# The column of a field, or none. Loaders write the name of `lastScanDate` as it is, in lower or upper case, or in snake_case. The
   vendor's own spelling comes first: Snow Atlas may add a `HostName` to a `hostName`. #}
{% macro find_column(held, field) %}
    {%- set alike = [] -%}
    {%- for column in held if column.name | lower | replace('_', '') == field | lower | replace('_', '') -%}
        {%- do alike.append(column) -%}
    {%- endfor -%}
    {%- for spelling in (field, snow_atlas.snake_case(field), field | lower, field | upper) -%}
        {%- for column in alike if column.name == spelling -%}
            {{ return(column) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(alike[0] if alike else none) }}
{% endmacro %}


{% macro snake_case(field) %}
    {%- set words = modules.re.sub('([A-Z]+)([A-Z][a-z])', '\\1_\\2', field) -%}
    {{ return(modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', words) | lower) }}
{% endmacro %}


{# The additional fields of a stream that the user wants. #}
{% macro passed_through(stream) %}
    {{ return((var('snow_atlas_pass_through_columns', none) or {}).get(stream, [])) }}
{% endmacro %}


{# The timestamp at which a row was read, if the loader has it. #}
{% macro synced_at(held) %}
    {%- set extracted_at = snow_atlas.find_column(held, '_airbyte_extracted_at') -%}
    {%- set load_id = snow_atlas.find_column(held, '_dlt_load_id') -%}
    {%- if extracted_at is none and load_id is not none -%}
        {{ return(snow_atlas.epoch_timestamp(adapter.quote(load_id.name))) }}
    {%- elif extracted_at is none -%}
        {{ return(snow_atlas.cast_field('null', '', 'timestamp')) }}
    {%- endif -%}
    {{ return(snow_atlas.cast_field(adapter.quote(extracted_at.name), extracted_at.dtype | lower, 'timestamp')) }}
{% endmacro %}


{# The rows of the newest sync in an appended table: those of the newest generation (Airbyte) or load (dlt), and for incremental streams
   the newest row for each key. A full refresh without rows leaves no generation in the table, so the one before it counts. #}
{% macro newest_rows(table, held, stream, key, incremental) %}
    {%- set generation = snow_atlas.find_column(held, '_airbyte_generation_id') -%}
    {%- set load_id = snow_atlas.find_column(held, '_dlt_load_id') -%}
    {%- set extracted_at = snow_atlas.find_column(held, '_airbyte_extracted_at') -%}
    {%- set keys = [] -%}
    {%- for field in key if snow_atlas.find_column(held, field) is not none -%}
        {%- do keys.append(adapter.quote(snow_atlas.find_column(held, field).name)) -%}
    {%- endfor -%}
    {%- set order = [] -%}
    {%- if generation is not none -%}{%- do order.append('coalesce(' ~ adapter.quote(generation.name) ~ ', 0)') -%}{%- endif -%}
    {%- for each in (load_id, extracted_at) if each is not none -%}{%- do order.append(adapter.quote(each.name)) -%}{%- endfor -%}
    {%- if incremental and keys and order -%}
    (
        select *
        from (
            select *, row_number() over (partition by {{ keys | join(', ') }} order by {{ order | join(' desc, ') }} desc) as _newest_first
            from {{ table }}
        ) as numbered
        where _newest_first = 1 or {{ keys | join(' is null or ') }} is null
    ) as newest
    {%- elif generation is not none or load_id is not none -%}
    {{ table }}
    where {{ order[0] }} = (select max({{ order[0] }}) from {{ table }})
    {%- else -%}
    {#- `snow-atlas-sync`, whose tables have `_extra`, replaces the table in a full refresh. -#}
    {%- if keys and keys | length == key | length and snow_atlas.find_column(held, '_extra') is none -%}
        {{ snow_atlas.refuse_repeated_keys(table, stream, keys) }}
    {%- endif -%}
    {{ table }}
    {%- endif -%}
{% endmacro %}


{# Without a generation or a load, rows of several syncs can't be told apart, and every figure would be doubled. #}
{% macro refuse_repeated_keys(table, stream, keys) %}
    {%- set repeated = run_query(
        'select count(*) as keys from (select 1 as one from ' ~ table ~ ' group by ' ~ keys | join(', ') ~ ' having count(*) > 1) as repeated'
    ).columns[0].values()[0] -%}
    {%- if repeated > 0 -%}
        {{ exceptions.raise_compiler_error(
            table ~ ' has ' ~ repeated ~ ' keys of ' ~ stream ~ ' more than once, as if several syncs had been appended: sync it with '
            ~ 'overwrite or deduplicated, or name ' ~ stream ~ ' in snow_atlas_leave_out'
        ) }}
    {%- endif -%}
{% endmacro %}
