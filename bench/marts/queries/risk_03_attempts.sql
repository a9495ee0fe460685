-- At-Risk Learners: Problem Attempts
-- the latest of all responses of the course, and who is at risk, twice
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(problem_link), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS problem,
    avg(correct_attempts_by_learner), avg(incorrect_attempts_by_learner), any(avg_correct_attempts_coursewide)
FROM reporting.dim_problem_coursewide_avg WHERE course_key = {course:String}
AND actor_id IN (SELECT actor_id FROM reporting.at_risk_learners WHERE course_key = {course:String}) GROUP BY problem LIMIT 1000
