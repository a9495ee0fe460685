SELECT
    watches.org AS org,
    watches.course_key AS course_key,
    watches.object_id AS object_id,
    watches.actor_id AS actor_id,
    watches.video_duration AS video_duration,
    watches.seconds AS watched_seconds,
    if(watches.video_duration > 0, least(1., watches.seconds / watches.video_duration), 0.) AS watched_share,
    watches.most AS max_watch_count,
    watches.total AS total_watched_seconds,
    blocks.block_name AS video_name,
    blocks.section_with_name AS section_with_name,
    blocks.subsection_with_name AS subsection_with_name,
    blocks.course_order AS course_order,
    {{ person() }}
FROM (
    SELECT org, course_key, object_id, actor_id, video_duration,
        arraySum(stretch -> stretch.2 - stretch.1, stretches) AS seconds,
        toInt64(arrayMax(stretch -> stretch.3, stretches)) AS most,
        arraySum(stretch -> (stretch.2 - stretch.1) * stretch.3, stretches) AS total
    FROM {{ stretches() }}
) AS watches
{{ join_block('watches.course_key', 'watches.object_id') }}
{{ join_person('watches.actor_id') }}
