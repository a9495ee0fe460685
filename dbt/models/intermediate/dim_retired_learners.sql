{{ config(
    materialized='refreshable_dimension',
    columns=['learner UInt64'],
    order_by='learner',
    period='EVERY 1 MINUTE',
) }}
SELECT DISTINCT learner
FROM (
    SELECT learner
    FROM {{ ref('int_known_external_ids') }}
    WHERE user_id NOT IN (SELECT user_id FROM {{ source('event_sink', 'external_id') }})
    UNION ALL
    SELECT learner
    FROM {{ ref('int_known_profiles') }}
    WHERE user_id NOT IN (SELECT user_id FROM {{ source('event_sink', 'user_profile') }})
)
