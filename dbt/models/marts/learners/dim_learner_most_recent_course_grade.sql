SELECT
    org, course_key, actor_id,
    tupleElement(state, 'scaled') AS course_grade,
    toDateTime(tupleElement(state, 'at')) AS emission_time
FROM {{ learner_course(['max(grade) AS state']) }}
WHERE {{ touched("tupleElement(state, 'at')") }}
