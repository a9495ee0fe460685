SELECT user_id, external_user_id, username, name, email
FROM (
    SELECT
        if(ids.user_id != 0, ids.user_id, profiles.user_id) AS user_id,
        ids.external_user_id AS external_user_id,
        if(profiles.username != '', profiles.username, ids.username) AS username,
        profiles.name AS name,
        profiles.email AS email
    FROM (SELECT user_id, external_user_id, username FROM {{ source('event_sink', 'external_id') }} FINAL) AS ids
    FULL OUTER JOIN (SELECT user_id, username, name, email FROM {{ source('event_sink', 'user_profile') }} FINAL) AS profiles
        ON profiles.user_id = ids.user_id
)
{% if not pii_enabled() -%} WHERE false {%- endif %}
