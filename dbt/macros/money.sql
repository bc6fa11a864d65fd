{# Amounts are never added up across currencies: a mart groups by `money_currency`, or keeps a row for each. Where the user gives
   rates, amounts with a rate are all in the user's currency, and the rest stay in theirs. #}

{# An amount: in the user's currency where there is a rate for its own, else as it is. #}
{% macro money(amount, currency) -%}
    {%- set rates = snow_atlas.currency_rates() -%}
    {%- if rates -%}
        cast(({{ amount }}) * case upper({{ currency }})
            {%- for code, rate in rates.items() %} when '{{ code }}' then {{ rate }}{% endfor %} else 1 end as {{ dbt.type_numeric() }})
    {%- else -%}
        cast({{ amount }} as {{ dbt.type_numeric() }})
    {%- endif -%}
{%- endmacro %}


{# The currency that `money` gives an amount in. #}
{% macro money_currency(currency) -%}
    {%- set rates = snow_atlas.currency_rates() -%}
    {%- if rates -%}
        case when upper({{ currency }}) in ('{{ rates.keys() | join("', '") }}') then '{{ var('snow_atlas_currency') | upper }}' else upper({{ currency }}) end
    {%- else -%}
        upper({{ currency }})
    {%- endif -%}
{%- endmacro %}


{# The user's rates by currency code, checked, as nothing but letters and numbers may get into the SQL. #}
{% macro currency_rates() %}
    {%- set rates = {} -%}
    {%- for code, rate in (var('snow_atlas_rates', none) or {}).items() -%}
        {%- if not modules.re.match('^[A-Za-z]{3}$', code) or rate is not number or rate <= 0 -%}
            {{ exceptions.raise_compiler_error('snow_atlas_rates: ' ~ code ~ ': ' ~ rate ~ ' is no currency code with its rate') }}
        {%- endif -%}
        {%- do rates.update({code | upper: rate}) -%}
    {%- endfor -%}
    {%- if rates and not modules.re.match('^[A-Za-z]{3}$', var('snow_atlas_currency', none) or '') -%}
        {{ exceptions.raise_compiler_error('snow_atlas_rates are given: set snow_atlas_currency to the currency they lead to') }}
    {%- endif -%}
    {{ return(rates) }}
{% endmacro %}
