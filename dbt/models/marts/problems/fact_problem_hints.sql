SELECT
    org, course_key, block_id AS problem_id, actor_id,
    if(endsWith(object_id, '/answer'), 'answer', 'hint') AS help_type,
    uniqExact(event_id) AS help_count,
    toDateTime(max(emission_time)) AS last_at
FROM {{ statements(['asked'], ['org', 'course_key', 'block_id', 'object_id', 'actor_id', 'emission_time', 'event_id'], "block_id != ''") }}
GROUP BY org, course_key, problem_id, actor_id, help_type
