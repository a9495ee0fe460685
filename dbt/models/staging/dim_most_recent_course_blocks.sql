SELECT
    blocks.location AS location,
    blocks.display_name AS block_name,
    concat(toString(section), ':', toString(subsection), ':', toString(unit), ' - ', block_name) AS display_name_with_location,
    JSONExtractInt(blocks.xblock_data_json, 'section') AS section,
    JSONExtractInt(blocks.xblock_data_json, 'subsection') AS subsection,
    JSONExtractInt(blocks.xblock_data_json, 'unit') AS unit,
    toBool(JSONExtractBool(blocks.xblock_data_json, 'graded')) AS graded,
    blocks.order AS course_order,
    blocks.course_key AS course_key,
    blocks.org AS org,
    blocks.dump_id AS dump_id,
    blocks.time_last_dumped AS time_last_dumped,
    toBool(blocks.version = publishes.newest) AS in_latest_publish
FROM (
    SELECT org, course_key, location, display_name, order, xblock_data_json, dump_id, time_last_dumped, version
    FROM {{ source('event_sink', 'course_blocks') }} FINAL
) AS blocks
INNER JOIN (
    SELECT course_key, max(version) AS newest
    FROM {{ source('event_sink', 'course_blocks') }}
    GROUP BY course_key
) AS publishes ON publishes.course_key = blocks.course_key
