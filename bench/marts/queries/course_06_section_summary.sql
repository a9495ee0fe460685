-- Course Dashboard: Section Summary of pages
-- every navigation of the course by day, looked up in its outline
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_with_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS section,
    uniqExact(actor_id), uniqExact(block_id), any(page_count) FROM reporting.fact_navigation_completion
WHERE course_key = {course:String} GROUP BY section ORDER BY section
