{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('oracle_database_instances', [
    ('installationId', 'installation_id', 'text'),
    ('id', 'id', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('instanceName', 'instance_name', 'text'),
    ('hostName', 'host_name', 'text'),
    ('numberOfProcessorsAssigned', 'number_of_processors_assigned', 'integer'),
    ('cpuCoreCount', 'cpu_core_count', 'integer'),
    ('cpuSocketCount', 'cpu_socket_count', 'integer'),
    ('cpuHighwater', 'cpu_highwater', 'integer'),
    ('cpuCoreHighwater', 'cpu_core_highwater', 'integer'),
    ('cpuSocketHighwater', 'cpu_socket_highwater', 'integer'),
    ('instanceId', 'instance_id', 'text'),
], key=['installationId', 'instanceId']) }}
