-- Individual Learner: Page Engagement per Subsection
-- one learner's navigations; the course is one range of the key, the learner another
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_subsection_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS place,
    section_subsection_page_engagement FROM reporting.fact_pageview_engagement
WHERE course_key = {course:String} AND actor_id = {learner:String} AND content_level = 'subsection'
