-- Course Dashboard: Video Engagement per Section/Subsection
-- puts every video statement of the course in order, for every learner and subsection
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(section_subsection_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS place,
    section_subsection_video_engagement, uniqExact(actor_id) FROM reporting.fact_video_engagement
WHERE course_key = {course:String} AND content_level = 'subsection' GROUP BY 1, 2 ORDER BY 1
