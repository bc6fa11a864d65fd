{# What one licence costs, as a query with a row for each value of `keys`. #}

{# The mean purchase price of licences that are not archived. Where they were bought in several currencies, it is that of the
   currency with most licences; a known currency comes before an unknown one. #}
{% macro purchase_prices(keys) %}
    select {{ keys | join(', ') }}, unit_price, currency, currencies
    from (
        select
            {{ keys | join(', ') }},
            {{ snow_atlas.decimal('amount / quantity') }} as unit_price,
            currency,
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
                sum(quantity) as quantity
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
