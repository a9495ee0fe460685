-- Individual Learner: Problem Attempts
-- averages over the course: the latest of all its responses
SELECT problem_link, correct_attempts_by_learner, avg_correct_attempts_coursewide FROM reporting.dim_problem_coursewide_avg
WHERE course_key = {course:String} AND actor_id = {learner:String} LIMIT 1000
