SELECT
    org, course_key, object_id, actor_id, video_duration,
    arrayJoin(arrayFlatten(arrayMap(span -> range(span.1 + 1, span.2 + 1), spans))) AS watched_segment,
    count() AS watch_count
FROM {{ watched() }}
GROUP BY org, course_key, object_id, actor_id, video_duration, watched_segment
