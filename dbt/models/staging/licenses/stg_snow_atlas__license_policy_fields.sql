{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('license_policy_fields', [
    ('policyId', 'policy_id', 'text'),
    ('id', 'id', 'text'),
    ('name', 'name', 'text'),
    ('description', 'description', 'text'),
    ('isRequired', 'is_required', 'boolean'),
    ('isComboBox', 'is_combo_box', 'boolean'),
    ('isEditingAllowed', 'is_editing_allowed', 'boolean'),
    ('listItems', 'list_items', 'json'),
], key=['policyId', 'id']) }}
