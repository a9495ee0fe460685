SELECT
    results.org AS org,
    results.course_key AS course_key,
    results.problem_id AS problem_id,
    {{ short_id('results.problem_id') }} AS block_id_short,
    results.actor_id AS actor_id,
    results.succeeded AS success,
    if(results.succeeded, tupleElement(results.first_success, 3), results.greatest_attempt) AS attempts,
    {{ problem_number() }} AS problem_number,
    {{ problem_name_location() }} AS problem_name_location
FROM (
    SELECT
        org, course_key, block_id AS problem_id, actor_id,
        max(ifNull(success, false)) AS succeeded,
        minIf((emission_time, event_id, ifNull(attempt, 0)), ifNull(success, false)) AS first_success,
        max(ifNull(attempt, 0)) AS greatest_attempt
    FROM {{ statements(['evaluated'], ['org', 'course_key', 'block_id', 'actor_id', 'emission_time', 'event_id', 'success', 'attempt'], whole()) }}
    GROUP BY org, course_key, problem_id, actor_id
) AS results
{{ join_block('results.course_key', 'results.problem_id') }}
