{{ config(
    materialized='sharded_stream',
    placement='everywhere',
    columns=['user_id Int32', 'learner UInt64'],
    order_by='user_id, learner',
    proof='uniqExact(user_id, learner)',
) }}
SELECT user_id, cityHash64(arrayJoin(arrayFilter(way -> way != '', [toString(external_user_id), username]))) AS learner
FROM {{ source('event_sink', 'external_id') }}
