{{ config(
    materialized='latest_state',
    columns=[
        'org LowCardinality(String)',
        'course_key LowCardinality(String)',
        'entity_id String CODEC(ZSTD(1))',
        'actor_id String CODEC(ZSTD(1))',
        'emission_time DateTime64(6) CODEC(ZSTD(1))',
        'version UInt128 CODEC(ZSTD(1))',
        'percent Float64 CODEC(ZSTD(1))',
    ],
    order_by='course_key, entity_id, actor_id, org',
    sharding_key='cityHash64(actor_id)',
    proof='uniqExact(org, course_key, entity_id, actor_id)',
    carry='SELECT * FROM {earlier} WHERE emission_time < {oldest}',
) }}
SELECT
    org,
    course_key,
    if(block_id != '', block_id, toString(course_key)) AS entity_id,
    actor_id,
    emission_time,
    {{ version() }} AS version,
    ifNull(progress, 0.) AS percent
FROM {{ source('xapi', 'xapi_events_all_parsed') }}
WHERE verb_id = {{ verb('progressed') }} AND progress IS NOT NULL AND {{ is_learner() }} AND {{ window() }}
