{{ config(
    materialized='mergeable_state',
    columns=[
        'org LowCardinality(String)',
        'course_key LowCardinality(String)',
        'object_id String CODEC(ZSTD(1))',
        'actor_id String CODEC(ZSTD(1))',
        'length SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1))',
        'events SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(at DateTime64(6), id UUID, kind UInt8, before Float64, after Float64))) CODEC(ZSTD(1))',
    ],
    order_by='course_key, object_id, actor_id, org',
    sharding_key='cityHash64(actor_id)',
    proof='uniqExact(org, course_key, object_id, actor_id)',
    carry="SELECT org, course_key, object_id, actor_id, length, arrayFilter(event -> event.1 < {oldest}, events)
        FROM {earlier} WHERE arrayExists(event -> event.1 < {oldest}, events)",
) }}
SELECT
    org,
    course_key,
    block_id AS object_id,
    actor_id,
    max(if(isFinite(ifNull(video_length, 0.)), least(ifNull(video_length, 0.), 86400.), 0.)) AS length,
    groupUniqArray((
        emission_time,
        event_id,
        toUInt8(multiIf(verb_id = {{ verb('played') }}, 1, verb_id = {{ verb('seeked') }}, 3, 2)),
        ifNull(if(verb_id = {{ verb('seeked') }}, video_time_from, video_time), 0.),
        ifNull(if(verb_id = {{ verb('seeked') }}, video_time_to, video_time), 0.)
    )) AS events
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE verb_id IN ({{ verbs(['played', 'paused', 'seeked', 'completed', 'terminated']) }})
    AND {{ is_video('block_id') }} AND {{ is_learner() }} AND {{ window() }}
GROUP BY org, course_key, block_id, actor_id
