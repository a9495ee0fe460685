-- In-context Course: Graded Subsection Engagement
-- the latest of all responses of every learner to every problem of the course
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(subsection_with_name), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS subsection,
    uniqExact(actor_id), avg(scaled_score) FROM reporting.dim_subsection_problem_results WHERE course_key = {course:String} GROUP BY subsection ORDER BY 1
