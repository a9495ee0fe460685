SELECT
    org, course_key, block_type,
    section_block_id, subsection_block_id, section_with_name, subsection_with_name, section_number, subsection_number,
    count() AS item_count,
    min(course_order) AS course_order,
    max(graded) AS graded
FROM {{ ref('dim_course_blocks') }}
WHERE block_type IN ('unit', 'problem', 'video') AND subsection_block_id != ''
GROUP BY org, course_key, block_type, section_block_id, subsection_block_id, section_with_name, subsection_with_name, section_number, subsection_number
