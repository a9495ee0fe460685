-- Course Dashboard: Problem Attempts and Results
-- the latest of all responses of every learner to every problem of the course
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(problem_link), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS problem,
    any(course_order) AS position, avg(attempts), countIf(success) / count() FROM reporting.dim_learner_last_response
WHERE course_key = {course:String} GROUP BY problem ORDER BY position LIMIT 1000
