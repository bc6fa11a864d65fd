{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_assignments_datacenters', [
    ('id', 'id', 'text'),
    ('licenseId', 'license_id', 'text'),
    ('applicationId', 'application_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
    ('quantity', 'quantity', 'integer'),
    ('numberOfSupportedVirtualMachines', 'number_of_supported_virtual_machines', 'integer'),
    ('hasVmUseRights', 'has_vm_use_rights', 'boolean'),
    ('invalidAssignmentReasons', 'invalid_assignment_reasons', 'any'),
    ('virtualMachines', 'virtual_machines', 'json'),
], key=['licenseId', 'id']) }}
