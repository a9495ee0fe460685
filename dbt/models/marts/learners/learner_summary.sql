SELECT
    org, course_key, actor_id, course_name, course_run, approving_state, enrollment_mode, enrollment_status,
    course_grade, grade_bucket, username, name, email, enrolled_at, enrolled_at AS emission_time, last_visited
FROM {{ ref('dim_student_status') }}
