-- Course Dashboard: Problem Engagement per Section/Subsection
-- all responses of the course, for every learner and section
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_subsection_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS place,
    section_subsection_problem_engagement, uniqExact(actor_id) FROM reporting.fact_problem_engagement
WHERE course_key = {course:String} AND content_level = 'section' GROUP BY 1, 2 ORDER BY 1
