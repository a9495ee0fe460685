SELECT
    org, course_key, actor_id,
    tupleElement(passed, 'state') AS approving_state,
    toDateTime(tupleElement(passed, 'at')) AS emission_time
FROM {{ learner_course(['max(passing) AS passed']) }}
WHERE {{ touched("tupleElement(passed, 'at')") }}
