SELECT org, course_key, actor_id, toDateTime(visited) AS emission_time
FROM {{ learner_course(['max(last_visit) AS visited']) }}
WHERE {{ touched('visited') }}
