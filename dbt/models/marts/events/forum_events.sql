SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, discussion_type
FROM {{ statements(['posted', 'edited', 'deleted', 'reported', 'unreported', 'voted'], ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'discussion_type'], "endsWith(object_type, '/activitytype/discussion')") }}
