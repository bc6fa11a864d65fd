{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_assignment_types', [
    ('assignmentType', 'assignment_type', 'integer'),
    ('assignmentTypeId', 'assignment_type_id', 'text'),
    ('name', 'name', 'text'),
], key=['assignmentTypeId']) }}
