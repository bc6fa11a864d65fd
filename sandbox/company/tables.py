"""Which function builds which of the estate's own tables."""

from collections.abc import Callable, Iterable

from sandbox.company import applications as registry_data
from sandbox.company import assets as assets_data
from sandbox.company import audit_logs as audit_data
from sandbox.company import computers as computers_data
from sandbox.company import computers_activity as activity_data
from sandbox.company import computers_hardware as hardware_data
from sandbox.company import computers_software as installations_data
from sandbox.company import custom_objects as custom_data
from sandbox.company import datacenters as datacenters_data
from sandbox.company import inventory as inventory_data
from sandbox.company import user_accounts as people_data
from sandbox.company.estate import Estate, Row

BUILDERS: dict[str, Callable[[Estate], Iterable[Row]]] = {
    "organizations": people_data.build_organizations,
    "users": people_data.build_users,
    "user_discoveries": people_data.build_user_discoveries,
    "mobile_devices": people_data.build_mobile_devices,
    "metrics": registry_data.build_metrics,
    "application_families": registry_data.build_application_families,
    "applications": registry_data.build_applications,
    "application_bundles": registry_data.build_application_bundles,
    "application_groups": registry_data.build_application_groups,
    "computers": computers_data.build_computers,
    "computer_network_adapters": hardware_data.build_network_adapters,
    "computer_environment_variables": hardware_data.build_environment_variables,
    "computer_logons": activity_data.build_logons,
    "computer_applications": installations_data.build_installations,
    "computer_application_usage": installations_data.build_usage,
    "computer_application_user_usage": installations_data.build_user_usage,
    "application_usage_summaries": installations_data.build_usage_summaries,
    "computer_metering": installations_data.build_computer_metering,
    "user_metering": installations_data.build_user_metering,
    "hypervisors": datacenters_data.build_hypervisors,
    "datacenters": datacenters_data.build_datacenters,
    "datacenter_members": datacenters_data.build_datacenter_members,
    "custom_object_types": custom_data.build_object_types,
    "custom_object_properties": custom_data.build_object_properties,
    "custom_objects": custom_data.build_objects,
    "custom_object_property_values": custom_data.build_property_values,
    "custom_fields": custom_data.build_fields,
    "custom_field_values": custom_data.build_field_values,
    "custom_field_asset_types": custom_data.build_asset_types,
    "custom_field_data_types": custom_data.build_data_types,
    "custom_metrics": custom_data.build_metrics,
    "files": assets_data.build_files,
    "links": assets_data.build_links,
    "audit_logs": audit_data.build_audit_logs,
    "inventory_devices": inventory_data.build_devices,
}
