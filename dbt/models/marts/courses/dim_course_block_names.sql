SELECT block_id AS location, block_name, course_key, graded, course_order, display_name_with_location
FROM {{ ref('dim_course_blocks') }}
