SELECT actor_id, external_user_id, username, name, email
FROM {{ ref('int_user_pii') }}
WHERE {{ not_retired() }}
