{# Where the tables are that the package reads: a database and a schema for each tenant. #}

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


{# The streams that a model reads, itself or through other models. #}
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
