SELECT
    visited_on,
    visits.org AS org,
    visits.course_key AS course_key,
    blocks.course_name AS course_name,
    blocks.course_run AS course_run,
    blocks.course_order AS course_order,
    visits.actor_id AS actor_id,
    items.item_count AS page_count,
    visits.block_id AS block_id,
    blocks.section_with_name AS section_with_name,
    blocks.subsection_with_name AS subsection_with_name,
    blocks.section_block_id AS section_block_id,
    blocks.subsection_block_id AS subsection_block_id,
    {{ person() }}
FROM (
    SELECT org, course_key, actor_id, block_id, groupUniqArrayArray(days) AS days
    FROM {{ page_visits() }}
    GROUP BY org, course_key, actor_id, block_id
) AS visits
{{ join_block('visits.course_key', 'visits.block_id') }}
LEFT ANY JOIN (
    SELECT course_key, subsection_block_id, sum(item_count) AS item_count
    FROM {{ ref('dim_course_subsection_items') }}
    WHERE block_type = 'unit'
    GROUP BY course_key, subsection_block_id
) AS items ON items.course_key = visits.course_key AND items.subsection_block_id = blocks.subsection_block_id
{{ join_person('visits.actor_id') }}
ARRAY JOIN visits.days AS visited_on
