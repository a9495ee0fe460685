{{ config(
    materialized='sharded_stream',
    placement='everywhere',
    columns=['user_id Int32', 'learner UInt64'],
    order_by='user_id, learner',
    proof='uniqExact(user_id, learner)',
) }}
SELECT
    user_id,
    cityHash64(arrayJoin(arrayConcat(
        if(username != '', [username], []),
        if(email != '', [concat('mailto:', email), lower(hex(SHA1(email))), lower(hex(SHA1(concat('mailto:', email))))], [])
    ))) AS learner
FROM {{ source('event_sink', 'user_profile') }}
