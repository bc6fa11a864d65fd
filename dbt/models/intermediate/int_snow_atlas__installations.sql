{# A table, because three marts read it, and joins with a table are planned better than joins with a grouping of ten million rows. #}
select
    tenant_id,
    computer_id,
    application_id,
    min({{ snow_atlas.day('first_discovered') }}) as first_discovered,
    max({{ snow_atlas.day('last_used') }}) as last_used,
    max(case when {{ snow_atlas.flag('is_installed') }} then 1 else 0 end) = 1 as is_installed,
    min(case when bundle_application_id is not null and not {{ snow_atlas.flag('unbundled') }} then 1 else 0 end) = 1
        as is_in_suite,
    case
        when min(case when bundle_application_id is not null and not {{ snow_atlas.flag('unbundled') }} then 1 else 0 end) = 1
        then min(bundle_application_id)
    end as suite_id
from {{ ref('stg_snow_atlas__computer_applications') }}
group by tenant_id, computer_id, application_id
