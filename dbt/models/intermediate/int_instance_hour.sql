{{ config(
    materialized='mergeable_state',
    columns=[
        'emission_hour DateTime',
        'courses_cnt AggregateFunction(uniqCombined, String)',
    ],
    order_by='emission_hour',
    sharding_key='toUInt64(emission_hour)',
    proof='uniqCombinedMerge(courses_cnt)',
    carry='SELECT * FROM {earlier} WHERE emission_hour <= {oldest}',
) }}
SELECT
    toStartOfHour(toDateTime(emission_time)) AS emission_hour,
    uniqCombinedState(toString(course_key)) AS courses_cnt
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE course_key != '' AND {{ window() }}
GROUP BY emission_hour
