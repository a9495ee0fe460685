-- Individual Learner: Problem Attempts
-- averages over the course: the latest of all its responses
SELECT
    replaceRegexpOne(replaceRegexpOne(toLowCardinality(problem_link), '([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), '0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ') AS problem,
    correct_attempts_by_learner, avg_correct_attempts_coursewide FROM reporting.dim_problem_coursewide_avg
WHERE course_key = {course:String} AND actor_id = {learner:String} LIMIT 1000
