{{ config(
    materialized='sharded_stream',
    columns=[
        'org LowCardinality(String)',
        'course_key LowCardinality(String)',
        'actor_id String CODEC(ZSTD(1))',
        'emission_time DateTime64(6) CODEC(Delta(8), ZSTD(1))',
        'event_id UUID CODEC(NONE)',
        'enrollment_mode LowCardinality(String)',
        'enrollment_status LowCardinality(String)',
    ],
    order_by='course_key, actor_id, org, emission_time, event_id',
    primary_key='course_key, actor_id',
    sharding_key='cityHash64(actor_id)',
    proof='uniqExact(event_id)',
    carry='SELECT * FROM {earlier} WHERE emission_time < {oldest}',
) }}
SELECT
    org,
    course_key,
    actor_id,
    emission_time,
    event_id,
    enrollment_mode,
    if(verb_id = {{ verb('registered') }}, 'registered', 'unregistered') AS enrollment_status
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE verb_id IN ({{ verbs(['registered', 'unregistered']) }}) AND {{ is_learner() }} AND {{ window() }}
