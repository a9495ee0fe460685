SELECT
    org, course_key, course_name, course_run, actor_id, approving_state,
    multiIf(
        last_visited IS NOT NULL AND last_visited >= now() - INTERVAL 7 DAY, 'active',
        last_visited IS NOT NULL AND approving_state = 'failed' AND enrollment_status = 'registered', 'at-risk',
        'other'
    ) AS learner_status
FROM {{ ref('dim_student_status') }}
