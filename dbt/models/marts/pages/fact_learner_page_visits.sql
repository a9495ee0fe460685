SELECT org, course_key, actor_id, block_id,
    toDateTime(min(visited_at)) AS first_visited,
    toDateTime(max(visited_at)) AS emission_time
FROM {{ page_visits() }}
GROUP BY org, course_key, actor_id, block_id
