SELECT block_id AS location, block_name, org, course_key, graded, course_order, display_name_with_location
FROM {{ ref('int_course_blocks') }}
