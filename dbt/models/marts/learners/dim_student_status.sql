SELECT
    status.org AS org,
    status.course_key AS course_key,
    status.actor_id AS actor_id,
    {{ course_name('status.course_key') }} AS course_name,
    {{ course_run('status.course_key') }} AS course_run,
    if({{ touched("tupleElement(status.passed, 'at')") }}, tupleElement(status.passed, 'state'), 'failed') AS approving_state,
    tupleElement(status.enrolled, 'mode') AS enrollment_mode,
    tupleElement(status.enrolled, 'status') AS enrollment_status,
    tupleElement(status.graded, 'scaled') AS course_grade,
    {{ bucket('course_grade') }} AS grade_bucket,
    {{ person() }},
    toDateTime(tupleElement(status.enrolled, 'at')) AS enrolled_at,
    if({{ touched('status.visited') }}, toDateTime(status.visited), NULL) AS last_visited
FROM {{ learner_course(['max(enrollment) AS enrolled', 'max(grade) AS graded', 'max(passing) AS passed', 'max(last_visit) AS visited']) }} AS status
{{ join_course('status.course_key') }}
{{ join_person('status.actor_id') }}
WHERE {{ touched("tupleElement(status.enrolled, 'at')") }}
