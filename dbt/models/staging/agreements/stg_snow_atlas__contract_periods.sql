{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('contract_periods', [
    ('id', 'id', 'text'),
    ('validFrom', 'valid_from', 'timestamp'),
    ('validTo', 'valid_to', 'timestamp'),
], key=['id', 'validFrom', 'validTo']) }}
