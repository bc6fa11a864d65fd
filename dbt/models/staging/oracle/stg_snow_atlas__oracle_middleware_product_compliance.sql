{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ config(alias='stg_oracle_middleware_product_compliance') }}
{{ snow_atlas.stage_stream('oracle_middleware_product_compliance', [
    ('productId', 'product_id', 'text'),
    ('estateType', 'estate_type', 'text'),
    ('estateName', 'estate_name', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('datacenterId', 'datacenter_id', 'text'),
    ('isLicenseRequired', 'is_license_required', 'boolean'),
    ('totalAssignedLicenseProcessor', 'total_assigned_license_processor', 'integer'),
    ('totalRequiredLicenseProcessor', 'total_required_license_processor', 'integer'),
    ('totalAssignedLicenseNup', 'total_assigned_license_nup', 'integer'),
    ('totalRequiredLicenseNup', 'total_required_license_nup', 'integer'),
    ('allInstallationsCount', 'all_installations_count', 'integer'),
    ('installationsRequiredLicenseCount', 'installations_required_license_count', 'integer'),
    ('installationsNotRequiredLicenseCount', 'installations_not_required_license_count', 'integer'),
    ('licenseMetricType', 'license_metric_type', 'text'),
    ('productComplianceStatus', 'product_compliance_status', 'text'),
    ('coveredByProductId', 'covered_by_product_id', 'text'),
    ('coveredByEstate', 'covered_by_estate', 'text'),
    ('licenseNeeded', 'license_needed', 'integer'),
    ('partitioningType', 'partitioning_type', 'text'),
], key=['productId', 'estateType', 'estateName', 'licenseMetricType']) }}
