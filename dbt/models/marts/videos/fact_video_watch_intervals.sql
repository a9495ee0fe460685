SELECT
    org, course_key, object_id, actor_id, video_duration,
    tupleElement(span, 1) AS start_second,
    tupleElement(span, 2) AS end_second,
    tupleElement(span, 3) AS started_at
FROM {{ watched() }}
ARRAY JOIN spans AS span
