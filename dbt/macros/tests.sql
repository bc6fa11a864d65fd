{# No two rows have the same key, and each has one: a key of several columns may have nulls in some of them, but not in all. #}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
    or ({% for column in columns %}{{ column }} is null{{ ' and ' if not loop.last }}{% endfor %})
{% endtest %}


{# A total of a mart is that of what it is made from, in each group: no join has multiplied or lost rows. `of` is the other relation,
   and `of_total` and `of_groups` are expressions there, where they differ from those of the mart.
   Which rows of the mart count is said by `where` in the test's config, and by `of_where` for the others. #}
{% test same_total(model, total, of, of_total=none, groups=[], of_groups=none, of_where=none) %}
with mine as (
    select {% for group in groups %}{{ group }} as group_{{ loop.index }}, {% endfor %}{{ total }} as total
    from {{ model }}
    {% if groups %}group by {{ groups | join(', ') }}{% endif %}
),
others as (
    select {% for group in of_groups or groups %}{{ group }} as group_{{ loop.index }}, {% endfor %}{{ of_total or total }} as total
    from {{ of }}
    {% if of_where %}where {{ of_where }}{% endif %}
    {% if groups %}group by {{ (of_groups or groups) | join(', ') }}{% endif %}
),
differences as (
    select * from (select * from mine except {{ 'distinct' if target.type == 'bigquery' }} select * from others) as surplus
    union all
    select * from (select * from others except {{ 'distinct' if target.type == 'bigquery' }} select * from mine) as missing
)
select * from differences
{% endtest %}
