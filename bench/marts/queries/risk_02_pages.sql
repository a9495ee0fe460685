-- At-Risk Learners: Page Engagement per Section/Subsection
-- every navigation of the course, looked up in its outline, and who is at risk, twice
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_subsection_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS place,
    section_subsection_page_engagement, uniqExact(actor_id) FROM reporting.fact_pageview_engagement
WHERE course_key = {course:String} AND content_level = 'section'
AND actor_id IN (SELECT actor_id FROM reporting.at_risk_learners WHERE course_key = {course:String}) GROUP BY 1, 2
