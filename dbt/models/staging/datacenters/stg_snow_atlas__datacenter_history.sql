{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('datacenter_history', [
    ('id', 'id', 'text'),
    ('virtualMachineDate', 'virtual_machine_date', 'timestamp'),
    ('virtualMachineCount', 'virtual_machine_count', 'integer'),
], key=['id', 'virtualMachineDate']) }}
