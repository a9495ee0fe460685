{{ config(
    materialized='refreshable_dimension',
    columns=['actor_id String', 'external_user_id UUID', 'username String', 'name String', 'email String'],
    order_by='actor_id',
    period='EVERY ' ~ env_var('ASPECTS_PII_CACHE_LIFETIME', '900') ~ ' SECOND',
) }}
SELECT
    actor_id,
    tupleElement(person, 2) AS external_user_id,
    tupleElement(person, 3) AS username,
    tupleElement(person, 4) AS name,
    tupleElement(person, 5) AS email
FROM (
    SELECT actor_id, max((user_id, external_user_id, username, name, email)) AS person
    FROM (
        SELECT user_id, external_user_id, username, name, email,
            arrayJoin(arrayFilter(way -> way != '', [
                if(external_user_id != toUUID('00000000-0000-0000-0000-000000000000'), toString(external_user_id), ''),
                if(email != '', concat('mailto:', email), ''),
                if(email != '', lower(hex(SHA1(email))), ''),
                if(email != '', lower(hex(SHA1(concat('mailto:', email)))), ''),
                username
            ])) AS actor_id
        FROM {{ ref('user_pii') }}
    )
    GROUP BY actor_id
)
