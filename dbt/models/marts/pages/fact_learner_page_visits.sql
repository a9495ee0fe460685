SELECT org, course_key, actor_id, block_id,
    toDateTime(min(first_visit)) AS first_visited,
    toDateTime(max(last_visit)) AS emission_time
FROM {{ page_visits() }}
GROUP BY org, course_key, actor_id, block_id
