SELECT
    course_key,
    if(display_name != '', display_name, course_key) AS course_name,
    {{ course_run('course_key') }} AS course_run,
    if(JSONType(course_data_json, 'tags') = 'String',
        JSONExtractString(course_data_json, 'tags'), JSONExtractRaw(course_data_json, 'tags')) AS tags_str,
    org
FROM {{ source('event_sink', 'course_overviews') }} FINAL
