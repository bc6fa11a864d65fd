{# Amounts are never added up across currencies: a mart groups by `money_currency`, or keeps a row for each. Where the user gives
   rates, amounts with a rate are all in the user's currency, and the rest stay in theirs. #}

{# An amount: in the user's currency if there is a rate for its own, else unchanged. #}
{% macro money(amount, currency) -%}
    {%- set rates = snow_atlas.currency_rates() -%}
    {%- if rates -%}
        cast(({{ amount }}) * case {{ snow_atlas.currency_code(currency) }}
            {%- for code, rate in rates.items() %} when '{{ code }}' then {{ rate }}{% endfor %} else 1 end as {{ dbt.type_numeric() }})
    {%- else -%}
        cast({{ amount }} as {{ dbt.type_numeric() }})
    {%- endif -%}
{%- endmacro %}


{# The currency of an amount after `money`. #}
{% macro money_currency(currency) -%}
    {%- set rates = snow_atlas.currency_rates() -%}
    {%- if rates -%}
        case when {{ snow_atlas.currency_code(currency) }} in ('{{ rates.keys() | join("', '") }}') then '{{ var('snow_atlas_currency') | upper }}' else {{ snow_atlas.currency_code(currency) }} end
    {%- else -%}
        {{ snow_atlas.currency_code(currency) }}
    {%- endif -%}
{%- endmacro %}


{# A currency's code: ` eur` is EUR, and blanks are null. #}
{% macro currency_code(currency) -%}
    nullif(upper(trim({{ currency }})), '')
{%- endmacro %}


{# The user's rates by currency code, checked so that only letters and numbers get into the SQL. #}
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


{# The currencies of ISO 4217: the present ones, and three that amounts of some years ago may have. #}
{% macro currency_codes() %}
    {{ return((
        'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD '
        'CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP '
        'GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT '
        'LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD '
        'OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP '
        'SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF '
        'XPF YER ZAR ZMW ZWG '
    ).split()) }}
{% endmacro %}
