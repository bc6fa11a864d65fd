{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_object_type_details', [
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
    ('canAttachToContract', 'can_attach_to_contract', 'boolean'),
    ('createdDate', 'created_date', 'timestamp'),
    ('updatedDate', 'updated_date', 'timestamp'),
], key=['id']) }}
