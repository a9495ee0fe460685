SELECT
    org, course_key, block_id, actor_id,
    tupleElement(latest, 3) AS scaled_score,
    tupleElement(latest, 4) AS raw_score,
    tupleElement(latest, 5) AS max_score,
    toDateTime(tupleElement(latest, 1)) AS emission_time
FROM (
    SELECT org, course_key, block_id, actor_id,
        max((emission_time, event_id, ifNull(score_scaled, 0.), ifNull(score_raw, 0.), ifNull(score_max, 0.))) AS latest
    FROM {{ statements(['earned'], ['org', 'course_key', 'block_id', 'actor_id', 'emission_time', 'event_id', 'score_scaled', 'score_raw', 'score_max'],
        is_block("block_id", "sequential")) }}
    GROUP BY org, course_key, block_id, actor_id
)
