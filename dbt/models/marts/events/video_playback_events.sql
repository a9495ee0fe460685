SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, moment AS emission_time_long,
    ceil(ifNull(coalesce(video_time, video_time_from), 0.)) AS video_position, toInt64(ceil(ifNull(video_length, 0.))) AS video_duration, block_id AS video_id
FROM {{ statements(['completed', 'initialized', 'terminated', 'paused', 'played', 'seeked'], ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'emission_time AS moment', 'video_time', 'video_time_from', 'video_length', 'block_id'], is_video('block_id')) }}
