{# A flag that is never null: what Snow Atlas does not say is not so. #}
{% macro flag(expression) -%}
    coalesce({{ expression }}, false)
{%- endmacro %}
