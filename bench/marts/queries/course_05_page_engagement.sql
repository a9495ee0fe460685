-- Course Dashboard: Page Engagement per Section/Subsection
-- every navigation of the course, looked up in its outline, for every learner and subsection
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_subsection_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS place,
    section_subsection_page_engagement, uniqExact(actor_id) FROM reporting.fact_pageview_engagement
WHERE course_key = {course:String} AND content_level = 'subsection' GROUP BY 1, 2 ORDER BY 1
