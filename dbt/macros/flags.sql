{# A flag that is never null: null counts as false. #}
{% macro flag(expression) -%}
    coalesce({{ expression }}, false)
{%- endmacro %}
