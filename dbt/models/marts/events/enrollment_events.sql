SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, enrollment_mode, if(verb_id = {{ verb('registered') }}, 'registered', 'unregistered') AS enrollment_status
FROM {{ statements(['registered', 'unregistered'], ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'enrollment_mode']) }}
