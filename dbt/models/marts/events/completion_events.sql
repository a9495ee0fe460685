SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, block_id, ifNull(progress, 0.) AS progress_percent
FROM {{ statements(['progressed'], ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'block_id', 'progress'], 'progress IS NOT NULL') }}
