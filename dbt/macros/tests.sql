{# Every row has a key, and no two rows of a tenant have the same one. A key of several columns may have nulls in some of them, but not
   in all. #}
{% test unique_key(model, columns) %}
{%- set columns = columns | reject('equalto', 'tenant_id') | list -%}
select tenant_id, {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by tenant_id, {{ columns | join(', ') }}
having count(*) > 1
    or tenant_id is null
    or ({% for column in columns %}{{ column }} is null{{ ' and ' if not loop.last }}{% endfor %})
{% endtest %}


{# Every value of a column exists in the other relation, for the same tenant. #}
{% test known_in(model, column_name, of, field) %}
with named as (
    select tenant_id, {{ column_name }} from {{ model }}
)
select named.tenant_id, named.{{ column_name }}
from named
left join {{ of }} as known on known.tenant_id = named.tenant_id and known.{{ field }} = named.{{ column_name }}
where named.{{ column_name }} is not null and known.{{ field }} is null
{% endtest %}


{# A total of a mart is that of what it is made from, for each tenant and in each group: no join has multiplied or lost rows. `of` is
   the other relation, which expressions may call `origin`; `of_total` and `of_groups` are expressions there, where they differ from
   those of the mart. Which rows of the mart count is said by `where` in the test's config, and by `of_where` for the others. #}
{% test same_total(model, total, of, of_total=none, groups=[], of_groups=none, of_where=none) %}
{%- set groups = ['tenant_id'] + groups -%}
{%- set of_groups = ['tenant_id'] + of_groups if of_groups else groups -%}
with mine as (
    select {% for group in groups %}{{ group }} as group_{{ loop.index }}, {% endfor %}{{ total }} as total
    from {{ model }}
    group by {{ groups | join(', ') }}
),
others as (
    select {% for group in of_groups %}{{ group }} as group_{{ loop.index }}, {% endfor %}{{ of_total or total }} as total
    from {{ of }} as origin
    {% if of_where %}where {{ of_where }}{% endif %}
    group by {{ of_groups | join(', ') }}
),
differences as (
    select * from (select * from mine except {{ 'distinct' if target.type == 'bigquery' }} select * from others) as surplus
    union all
    select * from (select * from others except {{ 'distinct' if target.type == 'bigquery' }} select * from mine) as missing
)
select * from differences
{% endtest %}
