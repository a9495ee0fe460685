SELECT
    events.event_id AS event_id,
    toDateTime(events.emission_time) AS emission_time,
    events.org AS org,
    events.course_key AS course_key,
    {{ course_name('events.course_key') }} AS course_name,
    {{ course_run('events.course_key') }} AS course_run,
    events.actor_id AS actor_id,
    events.enrollment_mode AS enrollment_mode,
    events.enrollment_status AS enrollment_status,
    {{ person() }}
FROM (
    SELECT DISTINCT event_id, emission_time, org, course_key, actor_id, enrollment_mode, enrollment_status
    FROM {{ ref('int_enrollments') }}
    WHERE {{ not_retired() }}
    SETTINGS final = 0
) AS events
{{ join_course('events.course_key') }}
{{ join_person('events.actor_id') }}
