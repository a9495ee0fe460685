{# How much of every section and subsection each learner has touched: none, some or all of its items.
   Learners are those enrolled now and those who touched anything in the course.

   touched: rows (org, course_key, actor_id, block_id), each once; item: unit, problem or video.

   One row per learner, which then meets the levels of the course: a condition on the course or the
   learner reaches every table by way of that grouping's keys. #}
{% macro engagement(touched, item, column, nothing, something, everything) -%}
WITH
    items AS (
        SELECT course_key, block_id, course_order, arrayFilter(level -> level.2 != '', [
                ('section', section_block_id, section_with_name), ('subsection', subsection_block_id, subsection_with_name)
            ]) AS levels
        FROM {{ ref('dim_course_blocks') }}
        WHERE block_type = '{{ item }}' AND subsection_block_id != ''
    ),
    courses AS (
        SELECT course_key, groupArray((content_level, level_id, level_name, item_count, first_order)) AS levels
        FROM (
            SELECT course_key, level.1 AS content_level, level.2 AS level_id, level.3 AS level_name,
                count() AS item_count, min(course_order) AS first_order
            FROM items
            ARRAY JOIN levels AS level
            GROUP BY course_key, content_level, level_id, level_name
        )
        GROUP BY course_key
    ),
    learners AS (
        SELECT org, course_key, actor_id, sumMap(level_ids, arrayMap(id -> 1, level_ids)) AS counts
        FROM (
            SELECT org, course_key, actor_id, CAST([], 'Array(String)') AS level_ids
            FROM {{ ref('dim_most_recent_enrollment') }}
            WHERE enrollment_status = 'registered'
            UNION ALL
            SELECT touched.org AS org, touched.course_key AS course_key, touched.actor_id AS actor_id,
                arrayMap(level -> level.2, items.levels) AS level_ids
            FROM ({{ touched }}) AS touched
            INNER JOIN items ON items.course_key = touched.course_key AND items.block_id = touched.block_id
        )
        GROUP BY org, course_key, actor_id
    )
SELECT
    org, course_key, section_subsection_name, content_level, block_id, course_order, learner AS actor_id,
    items_touched, item_count,
    multiIf(items_touched = 0, '{{ nothing }}', items_touched = item_count, '{{ everything }}', '{{ something }}') AS {{ column }},
    {{ person() }}
FROM (
    SELECT
        learners.org AS org,
        learners.course_key AS course_key,
        learners.actor_id AS learner,
        level.1 AS content_level,
        level.2 AS block_id,
        level.3 AS section_subsection_name,
        level.4 AS item_count,
        level.5 AS course_order,
        arrayElement(learners.counts.2, indexOf(learners.counts.1, block_id)) AS items_touched
    FROM learners
    INNER JOIN courses ON courses.course_key = learners.course_key
    ARRAY JOIN courses.levels AS level
) AS engaged
{{ join_person('engaged.learner') }}
{%- endmacro %}
