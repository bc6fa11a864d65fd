{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('application_bundles', [
    ('id', 'id', 'text'),
    ('childId', 'child_id', 'text'),
    ('isMandatory', 'is_mandatory', 'boolean'),
    ('isOptionalComponentRequired', 'is_optional_component_required', 'boolean'),
], key=['id', 'childId']) }}
