SELECT
    events.event_id AS event_id,
    toDateTime(events.emission_time) AS emission_time,
    events.org AS org,
    events.course_key AS course_key,
    {{ course_name('events.course_key') }} AS course_name,
    {{ course_run('events.course_key') }} AS course_run,
    events.object_id AS object_id,
    events.actor_id AS actor_id,
    events.verb_id AS verb_id,
    events.discussion_type AS discussion_type
FROM (
    SELECT DISTINCT event_id, emission_time, org, course_key, object_id, actor_id, verb_id, discussion_type
    FROM {{ statements(['posted', 'edited', 'deleted', 'reported', 'unreported', 'voted'],
        ['event_id', 'emission_time', 'org', 'course_key', 'object_id', 'actor_id', 'verb_id', 'discussion_type'],
        "endsWith(object_type, '/activitytype/discussion')") }}
) AS events
{{ join_course('events.course_key') }}
