SELECT
    latest.org AS org,
    latest.course_key AS course_key,
    {{ course_name('latest.course_key') }} AS course_name,
    {{ course_run('latest.course_key') }} AS course_run,
    latest.entity_id AS entity_id,
    if(blocks.block_id != '', blocks.block_name, {{ course_name('latest.course_key') }}) AS entity_name,
    if(blocks.block_id != '', blocks.display_name_with_location, NULL) AS entity_name_with_location,
    latest.actor_id AS actor_id,
    toDateTime(latest.at) AS emission_time,
    latest.progress / 100 AS scaled_progress,
    {{ bucket('scaled_progress') }} AS completion_bucket,
    {{ person() }}
FROM (
    SELECT org, course_key, entity_id, actor_id, argMax(percent, version) AS progress, max(emission_time) AS at
    FROM (
        SELECT org, course_key, entity_id, actor_id, percent, version, emission_time
        FROM {{ ref('int_completions') }}
        WHERE {{ not_retired() }}
        SETTINGS final = 0
    )
    GROUP BY org, course_key, entity_id, actor_id
) AS latest
{{ join_course('latest.course_key') }}
{{ join_block('latest.course_key', 'latest.entity_id') }}
{{ join_person('latest.actor_id') }}
