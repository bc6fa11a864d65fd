{# Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead. #}
{{ snow_atlas.stage_stream('user_account_details', [
    ('id', 'id', 'text'),
    ('userName', 'user_name', 'text'),
    ('status', 'status', 'text'),
    ('email', 'email', 'text'),
    ('organizationId', 'organization_id', 'text'),
    ('fullName', 'full_name', 'text'),
    ('phoneNumber', 'phone_number', 'text'),
    ('location', 'location', 'text'),
    ('roomNumber', 'room_number', 'text'),
    ('quarantineDate', 'quarantine_date', 'timestamp'),
    ('lastLogon', 'last_logon', 'timestamp'),
    ('lastUpdate', 'last_update', 'timestamp'),
    ('updatedDate', 'updated_date', 'timestamp'),
    ('updatedBy', 'updated_by', 'text'),
], key=['id']) }}
