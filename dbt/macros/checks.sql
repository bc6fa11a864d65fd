{# Checks before and after a run. Without them a mistake would end in empty marts whose tests pass. #}

{# The variables of the package, and what each of them holds. #}
{% macro variables() %}
    {{ return({
        'snow_atlas_database': 'text',
        'snow_atlas_schema': 'text',
        'snow_atlas_prefix': 'text',
        'snow_atlas_sources': 'list',
        'snow_atlas_leave_out': 'list',
        'snow_atlas_pass_through_columns': 'mapping',
        'snow_atlas_warn_after_hours': 'number',
        'snow_atlas_error_after_hours': 'number',
        'snow_atlas_today': 'text',
        'snow_atlas_since': 'text',
        'snow_atlas_history_days': 'number',
        'snow_atlas_rates': 'mapping',
        'snow_atlas_currency': 'text',
        'snow_atlas_saas_idle_days': 'number',
        'snow_atlas_saas_currency': 'text',
        'snow_atlas_price_outlier_factor': 'number',
        'snow_atlas_price_few_licenses': 'number',
        'snow_atlas_unused_days': 'number',
        'snow_atlas_never_used_days': 'number',
        'snow_atlas_support_ending_days': 'number',
        'snow_atlas_in_use_days': 'number',
        'snow_atlas_not_scanned_days': 'number',
        'snow_atlas_refresh_years': 'number',
        'snow_atlas_refresh_server_years': 'number',
        'snow_atlas_refresh_points': 'mapping',
        'snow_atlas_refresh_replace_score': 'number',
        'snow_atlas_refresh_plan_score': 'number',
    }) }}
{% endmacro %}


{# Whether a run has models or tests of this package. #}
{% macro is_selected() %}
    {%- for name in selected_resources if name.split('.')[1] == 'snow_atlas' -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{% endmacro %}


{# Before a run: raise an error for a mistyped variable, or if there are no tables in the schema. #}
{% macro before_run() %}
    {%- if execute and snow_atlas.is_selected() -%}
        {%- do snow_atlas.check_variables() -%}
        {%- do snow_atlas.check_sources() -%}
        {{ snow_atlas.create_functions() }}
    {%- endif -%}
{% endmacro %}


{% macro check_variables() %}
    {%- set known = snow_atlas.variables() -%}
    {%- set given = {} -%}
    {%- for name in adapter.config.vars.to_dict() -%}
        {%- do given.update({name: none}) -%}
    {%- endfor -%}
    {%- do given.update(adapter.config.vars.to_dict().get('snow_atlas') or {}) -%}
    {%- do given.update(adapter.config.vars.to_dict().get(adapter.config.project_name) or {}) -%}
    {%- do given.update(adapter.config.cli_vars) -%}
    {%- for name in given if name.startswith('snow_atlas_') and name not in known -%}
        {{ exceptions.raise_compiler_error(name ~ ' is no variable of snow_atlas; it has ' ~ known | sort | join(', ')) }}
    {%- endfor -%}
    {%- for name, kind in known.items() if var(name, none) is not none -%}
        {%- set value = var(name) -%}
        {%- set is_right = {
            'text': value is string,
            'number': value is number and value is not boolean and value >= 0,
            'list': value is sequence and value is not string and value is not mapping,
            'mapping': value is mapping,
        }[kind] -%}
        {%- if not is_right -%}
            {{ exceptions.raise_compiler_error(name ~ ' is to be a ' ~ kind ~ (' in quotes' if kind == 'text' else '') ~ ', and not ' ~ value) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ('snow_atlas_today', 'snow_atlas_since') -%}
        {%- set day = var(name, none) -%}
        {%- if day and not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day) -%}
            {{ exceptions.raise_compiler_error(name ~ ' is to be a day as 2026-01-31, and not ' ~ day) }}
        {%- endif -%}
    {%- endfor -%}
    {#- Some time zones are one day ahead of UTC. A later day would stop the history, because every real day would precede it. -#}
    {%- set latest = (run_started_at + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') -%}
    {%- for name in ('snow_atlas_today', 'snow_atlas_since') if (var(name, none) or '') > latest -%}
        {{ exceptions.raise_compiler_error(name ~ ' is ' ~ var(name) ~ ', a day in the future') }}
    {%- endfor -%}
    {%- set streams = snow_atlas.streams() -%}
    {%- for name in ('snow_atlas_leave_out', 'snow_atlas_pass_through_columns') -%}
        {%- for stream in var(name, none) or [] if stream not in streams -%}
            {{ exceptions.raise_compiler_error(name ~ ': there is no stream ' ~ stream) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- set points = {'age': 40, 'support': 30, 'owner': 15, 'scan': 15} -%}
    {%- for name, value in (var('snow_atlas_refresh_points', none) or {}).items() if name not in points or value is not number -%}
        {{ exceptions.raise_compiler_error('snow_atlas_refresh_points: ' ~ name ~ ': ' ~ value ~ ': it has numbers for ' ~ points | join(', ')) }}
    {%- endfor -%}
    {%- for each in var('snow_atlas_sources', none) or [] -%}
        {%- for name in each if each is not mapping or name not in ('database', 'schema', 'tenant_id') -%}
            {{ exceptions.raise_compiler_error('snow_atlas_sources has a database, a schema and a tenant_id for each tenant, and not ' ~ each) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- set places, tenants = [], [] -%}
    {%- for each in snow_atlas.sources() -%}
        {%- if not modules.re.match('^[A-Za-z0-9_.@:/ -]+$', each.tenant_id | string) -%}
            {{ exceptions.raise_compiler_error('snow_atlas_sources: the tenant_id ' ~ each.tenant_id ~ ' has more than letters, digits, blanks and _.@:/-') }}
        {%- endif -%}
        {%- if each.tenant_id in tenants or (each.database, each.schema) in places -%}
            {{ exceptions.raise_compiler_error('snow_atlas_sources: ' ~ each.tenant_id ~ ' (' ~ each.database ~ '.' ~ each.schema ~ ') comes twice') }}
        {%- endif -%}
        {%- do tenants.append(each.tenant_id) -%}
        {%- do places.append((each.database, each.schema)) -%}
    {%- endfor -%}
{% endmacro %}


{# Check that each source has tables: none at all means that the schema is wrong. #}
{% macro check_sources() %}
    {%- set streams = snow_atlas.streams() -%}
    {%- for source in snow_atlas.sources() if not snow_atlas.tables_in(source.database, source.schema) -%}
        {%- set elsewhere = [] -%}
        {#- `<schema>_loading` is dlt's staging schema, with the rows of the last load only. -#}
        {%- for schema in snow_atlas.schemas_of(source.database) if schema | lower != source.schema | lower and not (schema | lower).endswith('_loading') -%}
            {%- set number = snow_atlas.tables_in(source.database, schema) -%}
            {%- if number -%}{%- do elsewhere.append(number ~ ' in ' ~ schema) -%}{%- endif -%}
        {%- endfor -%}
        {{ exceptions.raise_compiler_error(
            '0 of ' ~ streams | length ~ ' tables of Snow Atlas in schema ' ~ source.schema ~ ' of ' ~ source.database ~ '; there are '
            ~ (elsewhere | join(', ') if elsewhere else 'none in its other schemas')
            ~ '. Set snow_atlas_schema' ~ (' (and snow_atlas_prefix)' if var('snow_atlas_prefix', none) else '')
            ~ ', or snow_atlas_sources, to where the connector has written them'
        ) }}
    {%- endfor -%}
{% endmacro %}


{# Return the number of streams that have a table in a schema. #}
{% macro tables_in(database, schema) %}
    {%- set found = [] -%}
    {%- for stream in snow_atlas.streams() -%}
        {%- if snow_atlas.synced_table({'database': database, 'schema': schema}, stream) is not none -%}
            {%- do found.append(stream) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | length) }}
{% endmacro %}


{# Return the names of the schemas of a database: BigQuery gives them as a list, Snowflake in a column `name`, others in the first column. #}
{% macro schemas_of(database) %}
    {%- set names = [] -%}
    {%- for each in dbt.list_schemas(database) -%}
        {%- do names.append(each if each is string else each['name'] if target.type == 'snowflake' else each[0]) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}


{# After a run: log one line with the marts that were built without some of their streams, directly or through other marts. #}
{% macro after_run() %}
    {%- if execute and snow_atlas.is_selected() -%}
        {%- set lacking = [] -%}
        {%- for name in selected_resources | sort if name.startswith('model.snow_atlas.snow_atlas__') -%}
            {%- set mart = name.split('.')[2] -%}
            {%- if mart not in ('snow_atlas__data_quality', 'snow_atlas__changes') and not mart.endswith('_history') -%}
                {%- set missing = [] -%}
                {%- for source in snow_atlas.sources() -%}
                    {%- for stream in snow_atlas.streams_of(mart) if snow_atlas.synced_table(source, stream) is none and stream not in missing -%}
                        {%- do missing.append(stream) -%}
                    {%- endfor -%}
                {%- endfor -%}
                {%- if missing -%}{%- do lacking.append(mart ~ ' (' ~ missing | sort | join(', ') ~ ')') -%}{%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if lacking -%}
            {%- do log('snow_atlas: marts lack streams that are not synced: ' ~ lacking | join('; '), info=true) -%}
        {%- endif -%}
        {%- do snow_atlas.tell_of_later_days() -%}
    {%- endif -%}
{% endmacro %}


{# After a run: log one line if a history has a day later than today, and therefore got no rows of today. #}
{% macro tell_of_later_days() %}
    {%- set late = {} -%}
    {%- for name in selected_resources if name.startswith('model.snow_atlas.snow_atlas__') and name.endswith('_history') -%}
        {%- set model = graph.nodes[name] -%}
        {%- set table = adapter.get_relation(model.database, model.schema, model.alias) -%}
        {%- if table is not none -%}
            {%- set found = run_query('select max(built_on) as day from ' ~ table ~ ' where built_on > ' ~ snow_atlas.today()) -%}
            {%- set day = found.columns[0].values()[0] -%}
            {%- if day is not none -%}{%- do late.update({day | string: true}) -%}{%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if late -%}
        {%- do log('snow_atlas: nothing was added to the history, which has a later day than this one: ' ~ late | join(', '), info=true) -%}
    {%- endif -%}
{% endmacro %}
