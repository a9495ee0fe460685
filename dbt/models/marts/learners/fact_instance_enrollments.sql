SELECT
    emission_day, org, course_key, enrollment_mode, enrollment_status,
    uniqExact(event_id) AS course_enrollment_mode_status_cnt
FROM (
    SELECT toDate(emission_time) AS emission_day, org, course_key, enrollment_mode, enrollment_status, event_id
    FROM {{ ref('int_enrollments') }}
    SETTINGS final = 0
)
GROUP BY emission_day, org, course_key, enrollment_mode, enrollment_status
