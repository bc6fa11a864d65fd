{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('custom_object_details', [
    ('id', 'id', 'text'),
    ('objectName', 'object_name', 'text'),
    ('computerId', 'computer_id', 'text'),
    ('userId', 'user_id', 'text'),
    ('createdDate', 'created_date', 'timestamp'),
    ('updatedDate', 'updated_date', 'timestamp'),
], key=['id']) }}
