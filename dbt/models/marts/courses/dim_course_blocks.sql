SELECT
    org, course_key, course_name, course_run, block_id, section_block_id, subsection_block_id, block_name,
    section_number, subsection_number, hierarchy_location, display_name_with_location, course_order, graded,
    block_type, section_with_name, subsection_with_name, section, subsection, unit
FROM {{ ref('int_course_blocks') }}
WHERE in_latest_publish
