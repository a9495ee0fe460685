{# Every learner's seconds are counted within the row of the learner and video: grouping the seconds of
   all learners would need memory for each of them. #}
SELECT
    org, course_key, object_id, actor_id, video_duration,
    toInt64(watched_segment) AS watched_segment,
    views AS watch_count
FROM (
    SELECT org, course_key, object_id, actor_id, video_duration,
        arrayReduce('sumMap',
            arrayMap(span -> range(toUInt64(span.1) + 1, toUInt64(span.2) + 1), spans),
            arrayMap(span -> arrayWithConstant(toUInt64(span.2) - toUInt64(span.1), toUInt64(1)), spans)
        ) AS seconds
    FROM {{ watched() }}
    WHERE notEmpty(spans)
)
ARRAY JOIN tupleElement(seconds, 1) AS watched_segment, tupleElement(seconds, 2) AS views
