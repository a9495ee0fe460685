SELECT
    org, course_key, actor_id,
    tupleElement(state, 'mode') AS enrollment_mode,
    tupleElement(state, 'status') AS enrollment_status,
    toDateTime(tupleElement(state, 'at')) AS emission_time
FROM {{ learner_course(['max(enrollment) AS state']) }}
WHERE {{ touched("tupleElement(state, 'at')") }}
