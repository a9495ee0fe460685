{{ config(
    materialized='refreshable_dimension',
    columns=[
        'org LowCardinality(String)', 'course_key LowCardinality(String)', 'course_name String', 'course_run String',
        'block_id String', 'section_block_id String', 'subsection_block_id String', 'block_name String',
        'section_number String', 'subsection_number String', 'hierarchy_location String',
        'display_name_with_location String', 'course_order Int32', 'graded Bool',
        'block_type LowCardinality(String)', 'section_with_name String', 'subsection_with_name String',
        'section Int64', 'subsection Int64', 'unit Int64', 'in_latest_publish Bool',
    ],
    order_by='course_key, block_id',
    period=env_var('ASPECTS_COURSE_STRUCTURE_REFRESH', 'EVERY 5 MINUTE') ~ ' RANDOMIZE FOR '
        ~ env_var('ASPECTS_COURSE_STRUCTURE_REFRESH_RANDOMIZE', '1 MINUTE'),
) }}
WITH
    blocks AS (
        SELECT *,
            coalesce(nullIf(extract(location, '@([^+@]+)[+]block@'), ''), nullIf(extract(location, '^i4x://[^/]+/[^/]+/([^/]+)/'), ''), '') AS kind
        FROM {{ ref('dim_most_recent_course_blocks') }}
    ),
    sections AS (
        SELECT course_key, section, argMin(location, (course_order, location)) AS id, argMin(display_name_with_location, (course_order, location)) AS title
        FROM blocks WHERE kind = 'chapter' AND in_latest_publish GROUP BY course_key, section
    ),
    subsections AS (
        SELECT course_key, section, subsection, argMin(location, (course_order, location)) AS id, argMin(display_name_with_location, (course_order, location)) AS title
        FROM blocks WHERE kind = 'sequential' AND in_latest_publish GROUP BY course_key, section, subsection
    )
SELECT
    blocks.org AS org,
    blocks.course_key AS course_key,
    {{ course_name('blocks.course_key') }} AS course_name,
    {{ course_run('blocks.course_key') }} AS course_run,
    blocks.location AS block_id,
    sections.id AS section_block_id,
    subsections.id AS subsection_block_id,
    blocks.block_name AS block_name,
    concat(toString(blocks.section), ':0:0') AS section_number,
    concat(toString(blocks.section), ':', toString(blocks.subsection), ':0') AS subsection_number,
    concat(toString(blocks.section), ':', toString(blocks.subsection), ':', toString(blocks.unit)) AS hierarchy_location,
    blocks.display_name_with_location AS display_name_with_location,
    blocks.course_order AS course_order,
    blocks.graded AS graded,
    transform(blocks.kind, ['chapter', 'sequential', 'vertical'], ['section', 'subsection', 'unit'], blocks.kind) AS block_type,
    sections.title AS section_with_name,
    subsections.title AS subsection_with_name,
    blocks.section AS section,
    blocks.subsection AS subsection,
    blocks.unit AS unit,
    blocks.in_latest_publish AS in_latest_publish
FROM blocks
LEFT ANY JOIN sections ON sections.course_key = blocks.course_key AND sections.section = blocks.section AND blocks.in_latest_publish
LEFT ANY JOIN subsections ON subsections.course_key = blocks.course_key
    AND subsections.section = blocks.section AND subsections.subsection = blocks.subsection
    AND blocks.subsection != 0 AND blocks.in_latest_publish
{{ join_course('blocks.course_key') }}
