{{ config(
    materialized='mergeable_state',
    columns=[
        'emission_day Date',
        'actors_cnt AggregateFunction(uniqCombined, String)',
        'events_cnt AggregateFunction(uniqCombined, UUID)',
    ],
    order_by='emission_day',
    sharding_key='toUInt64(emission_day)',
    proof='uniqCombinedMerge(events_cnt)',
    carry='SELECT * FROM {earlier} WHERE emission_day <= toDate({oldest})',
) }}
SELECT
    toDate(emission_time) AS emission_day,
    uniqCombinedStateIf(actor_id, actor_id != '') AS actors_cnt,
    uniqCombinedState(event_id) AS events_cnt
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE {{ window() }}
GROUP BY emission_day
