{# The location of the tables that the package reads: a database and a schema for each tenant. #}

{# The tenants: those of `snow_atlas_sources`, or the one that the other variables, or the target, name. #}
{% macro sources() %}
    {%- set found = [] -%}
    {%- for each in var('snow_atlas_sources', none) or [{}] -%}
        {%- set schema = each.schema or var('snow_atlas_schema', none) or target.schema -%}
        {%- do found.append({
            'database': each.database or var('snow_atlas_database', none) or target.database,
            'schema': schema,
            'tenant_id': each.tenant_id or schema,
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{# The table of a stream in one of the sources, or none. #}
{% macro synced_table(source, stream) %}
    {%- if not execute or stream in (var('snow_atlas_leave_out', none) or []) -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(adapter.get_relation(source.database, source.schema, (var('snow_atlas_prefix', none) or '') ~ stream)) }}
{% endmacro %}


{# The streams that the package knows. #}
{% macro streams() %}
    {%- set found = [] -%}
    {%- for each in graph.sources.values() if each.package_name == 'snow_atlas' and each.source_name == 'snow_atlas' -%}
        {%- do found.append(each.name) -%}
    {%- endfor -%}
    {{ return(found | sort) }}
{% endmacro %}


{# The streams that a model reads, directly or through other models. #}
{% macro streams_of(model_name) %}
    {%- set found, seen, left = [], [], ['model.snow_atlas.' ~ model_name] -%}
    {%- for _ in range(1000) if left -%}
        {%- set name = left.pop() -%}
        {%- if name not in seen -%}
            {%- do seen.append(name) -%}
            {%- for above in graph.nodes[name].depends_on.nodes -%}
                {%- if above in graph.sources -%}
                    {%- if graph.sources[above].name not in found -%}{%- do found.append(graph.sources[above].name) -%}{%- endif -%}
                {%- elif above in graph.nodes -%}
                    {%- do left.append(above) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | sort) }}
{% endmacro %}


{# A query for `dbt source freshness`: when the newest row of a stream was read, for the tenant with the oldest one. A stream that no
   tenant has, or that has no rows, is never stale. #}
{% macro loaded_at(stream) %}
    {%- set queries = [] -%}
    {%- for source in snow_atlas.sources() -%}
        {%- set table = snow_atlas.synced_table(source, stream) -%}
        {%- if table is not none -%}
            {%- set held = adapter.get_columns_in_relation(table) -%}
            {%- if snow_atlas.find_column(held, '_airbyte_extracted_at') is none and snow_atlas.find_column(held, '_dlt_load_id') is none -%}
                {{ exceptions.raise_compiler_error(table ~ ' does not say when it was loaded: it has no _airbyte_extracted_at and no _dlt_load_id') }}
            {%- endif -%}
            {%- do queries.append('select max(' ~ snow_atlas.synced_at(held) ~ ') as loaded_at from ' ~ table) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set now = snow_atlas.cast_field("'" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ "'", '', 'timestamp') -%}
    {%- do queries.append('select ' ~ now ~ ' as loaded_at') -%}
    select min(loaded_at) from ({{ queries | join(' union all ') }}) as newest
{% endmacro %}
