{# What one licence costs, as a query with a row for each value of `keys`. #}

{# The mean purchase price of licences that are not archived. Where they were bought in several currencies, it is that of the
   currency with most licences; a known currency comes before an unknown one. `purchases`, `licenses` and `last_bought_on` are the
   evidence for it; `other_price` is the price of the other licences of the application in the same currency, and `other_licenses`
   their number. #}
{% macro purchase_prices(keys) %}
    {%- set others = 'over (partition by tenant_id, application_id, currency)' %}
    select
        {{ keys | join(', ') }}, unit_price, currency, currencies, purchases, licenses, last_bought_on, other_price, other_licenses
    from (
        select
            {{ keys | join(', ') }},
            {{ snow_atlas.decimal('amount / quantity') }} as unit_price,
            currency,
            purchases,
            cast(quantity as {{ dbt.type_bigint() }}) as licenses,
            last_bought_on,
            cast(
                (sum(amount) {{ others }} - amount) / nullif(sum(quantity) {{ others }} - quantity, 0) as {{ dbt.type_numeric() }}
            ) as other_price,
            cast(sum(quantity) {{ others }} - quantity as {{ dbt.type_bigint() }}) as other_licenses,
            count(currency) over (partition by {{ keys | join(', ') }}) as currencies,
            row_number() over (
                partition by {{ keys | join(', ') }}
                order by case when currency is null then 1 else 0 end, quantity desc, currency
            ) as choice
        from (
            select
                {{ keys | join(', ') }},
                {{ snow_atlas.money_currency('purchase_currency') }} as currency,
                sum({{ snow_atlas.money('purchase_value', 'purchase_currency') }}) as amount,
                sum(quantity) as quantity,
                count(*) as purchases,
                max({{ snow_atlas.day('purchase_date') }}) as last_bought_on
            from {{ ref('stg_snow_atlas__licenses') }}
            where coalesce(status, '') <> 'Archived'
                and purchase_value is not null
                and quantity > 0
            group by {{ keys | join(', ') }}, {{ snow_atlas.money_currency('purchase_currency') }}
        ) as purchases
    ) as prices
    where choice = 1
{% endmacro %}


{# The cost of a licence that the registry has for each metric of an application. #}
{% macro list_prices() %}
    select
        tenant_id,
        application_id,
        id as metric_id,
        {{ snow_atlas.flag('is_default') }} as is_default,
        {{ snow_atlas.money('license_cost', 'license_cost_currency') }} as unit_price,
        {{ snow_atlas.money_currency('license_cost_currency') }} as currency
    from {{ ref('stg_snow_atlas__application_metrics') }}
    where license_cost is not null
{% endmacro %}


{# Whether a price is based on few licences and is far from another price of the same application: it is probably a typing error.
   `licenses` and `other_licenses` are the numbers of licences that the two prices are based on. #}
{% macro is_weak_price(price, licenses, other_price, other_licenses) -%}
    {%- set factor = var('snow_atlas_price_outlier_factor', 10) -%}
    coalesce(
        {{ other_price }} > 0
        and ({{ price }} >= {{ factor }} * {{ other_price }} or {{ factor }} * {{ price }} <= {{ other_price }})
        and (
            coalesce({{ licenses }}, 0) < {{ var('snow_atlas_price_few_licenses', 10) }}
            or coalesce({{ licenses }}, 0) < coalesce({{ other_licenses }}, 0)
        ),
        false
    )
{%- endmacro %}
