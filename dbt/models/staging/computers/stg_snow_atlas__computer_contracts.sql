{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('computer_contracts', [
    ('computerId', 'computer_id', 'text'),
    ('contractId', 'contract_id', 'text'),
], key=['computerId', 'contractId']) }}
