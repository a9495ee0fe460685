SELECT
    tagged.course_key AS course_key,
    tagged.org AS org,
    tagged.course_name AS course_name,
    tags.value AS tag,
    taxonomies.name AS taxonomy_name,
    tags.lineage AS lineage,
    tagged.tag_id AS tag_id
FROM (
    SELECT DISTINCT course_key, org, course_name, toInt32OrZero(arrayJoin(JSONExtractArrayRaw(tags_str))) AS tag_id
    FROM {{ ref('dim_course_names') }}
) AS tagged
INNER JOIN {{ ref('dim_most_recent_tags') }} AS tags ON tags.id = tagged.tag_id
LEFT ANY JOIN {{ ref('dim_most_recent_taxonomies') }} AS taxonomies ON taxonomies.id = tags.taxonomy
