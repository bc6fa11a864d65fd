{# The query of int_snow_atlas__streams: the rows that each tenant has of each stream. #}
{% macro count_streams(streams) %}
with streams as (
    {%- for source in snow_atlas.sources() %}
    {%- for stream in streams %}
    select
        cast('{{ source.tenant_id }}' as {{ dbt.type_string() }}) as tenant_id,
        cast('{{ stream }}' as {{ dbt.type_string() }}) as stream,
        {{ 'true' if snow_atlas.synced_table(source, stream) is not none else 'false' }} as is_synced
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    {%- for stream in streams %}
    select
        tenant_id,
        cast('{{ stream }}' as {{ dbt.type_string() }}) as stream,
        count(*) as number_of_rows,
        max(_synced_at) as last_synced_at,
        sum(case when _dates_left_out > 0 then 1 else 0 end) as rows_with_dates_left_out,
        sum(case when _unreadable_values > 0 then 1 else 0 end) as rows_with_unreadable_values
    from {{ ref('stg_snow_atlas__' ~ stream) }}
    group by tenant_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    streams.tenant_id,
    streams.stream,
    streams.is_synced,
    cast(coalesce(counted.number_of_rows, 0) as {{ dbt.type_bigint() }}) as number_of_rows,
    counted.last_synced_at,
    cast(coalesce(counted.rows_with_dates_left_out, 0) as {{ dbt.type_bigint() }}) as rows_with_dates_left_out,
    cast(coalesce(counted.rows_with_unreadable_values, 0) as {{ dbt.type_bigint() }}) as rows_with_unreadable_values
from streams
left join counted on counted.tenant_id = streams.tenant_id and counted.stream = streams.stream
{% endmacro %}
