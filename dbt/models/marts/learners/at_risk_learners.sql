SELECT
    org, course_key, actor_id, course_name, course_run, approving_state, enrollment_mode, enrollment_status,
    course_grade, grade_bucket, username, name, email, enrolled_at, assumeNotNull(last_visited) AS last_visited
FROM {{ ref('dim_student_status') }} AS status
WHERE approving_state = 'failed' AND enrollment_status = 'registered'
    AND status.last_visited IS NOT NULL AND status.last_visited < now() - INTERVAL 7 DAY
