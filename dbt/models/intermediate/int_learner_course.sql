{{ config(
    materialized='mergeable_state',
    columns=[
        'org LowCardinality(String)',
        'course_key LowCardinality(String)',
        'actor_id String CODEC(ZSTD(1))',
        'enrollment SimpleAggregateFunction(max, Tuple(at DateTime64(6), id UUID, mode String, status String)) CODEC(ZSTD(1))',
        'grade SimpleAggregateFunction(max, Tuple(at DateTime64(6), id UUID, scaled Float64)) CODEC(ZSTD(1))',
        'passing SimpleAggregateFunction(max, Tuple(at DateTime64(6), id UUID, state String)) CODEC(ZSTD(1))',
        'last_visit SimpleAggregateFunction(max, DateTime64(6)) CODEC(ZSTD(1))',
    ],
    order_by='course_key, actor_id, org',
    sharding_key='cityHash64(actor_id)',
    proof='uniqExact(org, course_key, actor_id)',
    carry="SELECT org, course_key, actor_id,
        if(tupleElement(enrollment, 'at') < {oldest}, enrollment, tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), '', '')),
        if(tupleElement(grade, 'at') < {oldest}, grade, tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), 0.)),
        if(tupleElement(passing, 'at') < {oldest}, passing, tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), '')),
        if(last_visit < {oldest}, last_visit, toDateTime64(0, 6))
        FROM {earlier}",
) }}
SELECT
    org,
    course_key,
    actor_id,
    max(if(verb_id IN ({{ verbs(['registered', 'unregistered']) }}),
        tuple(emission_time, event_id, toString(enrollment_mode), if(verb_id = {{ verb('registered') }}, 'registered', 'unregistered')),
        tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), '', ''))) AS enrollment,
    max(if(verb_id = {{ verb('earned') }} AND object_type = {{ course_type() }} AND score_scaled IS NOT NULL,
        tuple(emission_time, event_id, ifNull(score_scaled, 0.)),
        tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), 0.))) AS grade,
    max(if(object_type = {{ course_type() }} AND (verb_id IN ({{ verbs(['passed', 'failed']) }})
            OR verb_id = {{ verb('earned') }} AND grade_classification IN ('Pass', 'Fail')),
        tuple(emission_time, event_id,
            if(verb_id = {{ verb('passed') }} OR grade_classification = 'Pass', 'passed', 'failed')),
        tuple(toDateTime64(0, 6), toUUID('00000000-0000-0000-0000-000000000000'), ''))) AS passing,
    max(if(verb_id = {{ verb('navigated') }}, emission_time, toDateTime64(0, 6))) AS last_visit
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE verb_id IN ({{ verbs(['registered', 'unregistered', 'earned', 'passed', 'failed', 'navigated']) }})
    AND {{ is_learner() }} AND {{ window() }}
GROUP BY org, course_key, actor_id
