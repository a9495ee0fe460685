SELECT org, course_key, object_id, actor_id, video_duration, watched_segment, toUInt64(times) AS watch_count
FROM (
    SELECT org, course_key, object_id, actor_id, video_duration,
        stretch.3 AS times, range(stretch.1 + 1, stretch.2 + 1) AS seconds
    FROM {{ stretches() }}
    ARRAY JOIN stretches AS stretch
)
ARRAY JOIN seconds AS watched_segment
