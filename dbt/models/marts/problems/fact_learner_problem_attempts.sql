SELECT
    org, course_key, block_id AS problem_id, actor_id,
    max(ifNull(attempt, 0)) AS attempts,
    uniqExact(event_id) AS evaluations,
    max(ifNull(success, false)) AS success,
    toDateTime(min(emission_time)) AS first_attempt_at,
    toDateTime(max(emission_time)) AS last_attempt_at
FROM {{ statements(['evaluated'], ['org', 'course_key', 'block_id', 'actor_id', 'emission_time', 'event_id', 'success', 'attempt'], whole()) }}
GROUP BY org, course_key, problem_id, actor_id
