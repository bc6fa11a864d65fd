{# The currency of SaaS amounts, which Snow Atlas does not name: the user's variable, or null. #}
{% macro saas_currency() -%}
    {%- set code = var('snow_atlas_saas_currency', none) -%}
    {%- if code is not none and not modules.re.match('^[A-Za-z]{3}$', code | string) -%}
        {{ exceptions.raise_compiler_error('snow_atlas_saas_currency: ' ~ code ~ ' is no currency code') }}
    {%- endif -%}
    cast({{ "'" ~ code ~ "'" if code is not none else 'null' }} as {{ dbt.type_string() }})
{%- endmacro %}
