SELECT
    plays.event_id AS event_id,
    toDateTime(plays.emission_time) AS emission_time,
    plays.org AS org,
    plays.course_key AS course_key,
    {{ course_name('plays.course_key') }} AS course_name,
    {{ course_run('plays.course_key') }} AS course_run,
    plays.block_id AS video_id,
    blocks.block_name AS video_name,
    ifNull(plays.video_time, 0) AS video_position,
    toInt64(ceil(ifNull(plays.video_length, 0))) AS video_duration,
    plays.actor_id AS actor_id
FROM (
    SELECT DISTINCT event_id, emission_time, org, course_key, block_id, video_time, video_length, actor_id
    FROM {{ statements(['played'], ['event_id', 'emission_time', 'org', 'course_key', 'block_id', 'video_time', 'video_length', 'actor_id'], is_video('block_id')) }}
) AS plays
{{ join_course('plays.course_key') }}
{{ join_block('plays.course_key', 'plays.block_id') }}
