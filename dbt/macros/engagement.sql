{# How much of every section and subsection each learner has touched: none, some or all of its items.
   Learners are those enrolled now and those who touched anything in the course.

   touched: rows (org, course_key, actor_id, block_id); item: unit, problem or video. #}
{% macro engagement(touched, item, column, nothing, something, everything) -%}
WITH
    items AS (
        SELECT course_key, block_id, course_order, tupleElement(level, 1) AS content_level,
            tupleElement(level, 2) AS level_id, tupleElement(level, 3) AS level_name
        FROM {{ ref('dim_course_blocks') }}
        ARRAY JOIN [('section', section_block_id, section_with_name), ('subsection', subsection_block_id, subsection_with_name)] AS level
        WHERE block_type = '{{ item }}' AND subsection_block_id != '' AND level_id != ''
    ),
    levels AS (
        SELECT course_key, content_level, level_id, level_name, count() AS item_count, min(course_order) AS first_order
        FROM items
        GROUP BY course_key, content_level, level_id, level_name
    ),
    touched AS ({{ touched }}),
    counted AS (
        SELECT touched.course_key AS course_key, touched.actor_id AS actor_id, items.level_id AS level_id, count() AS touched_count
        FROM touched
        INNER JOIN items ON items.course_key = touched.course_key AND items.block_id = touched.block_id
        GROUP BY course_key, actor_id, level_id
    ),
    learners AS (
        SELECT DISTINCT org, course_key, actor_id
        FROM (
            SELECT org, course_key, actor_id FROM {{ ref('dim_most_recent_enrollment') }} WHERE enrollment_status = 'registered'
            UNION ALL
            SELECT org, course_key, actor_id FROM touched WHERE (course_key, block_id) IN (SELECT course_key, block_id FROM items)
        )
    )
SELECT
    learners.org AS org,
    learners.course_key AS course_key,
    levels.level_name AS section_subsection_name,
    levels.content_level AS content_level,
    levels.level_id AS block_id,
    levels.first_order AS course_order,
    learners.actor_id AS actor_id,
    counted.touched_count AS items_touched,
    levels.item_count AS item_count,
    multiIf(items_touched = 0, '{{ nothing }}', items_touched = item_count, '{{ everything }}', '{{ something }}') AS {{ column }},
    {{ person() }}
FROM learners
INNER JOIN levels ON levels.course_key = learners.course_key
LEFT ANY JOIN counted ON counted.course_key = learners.course_key AND counted.actor_id = learners.actor_id AND counted.level_id = levels.level_id
{{ join_person('learners.actor_id') }}
{%- endmacro %}
