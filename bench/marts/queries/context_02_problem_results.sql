-- In-context Course: Problem Engagement
-- all responses of every learner to every problem of the course
SELECT problem_name_location, countIf(success), avg(attempts) FROM reporting.dim_problem_results WHERE course_key = {course:String} GROUP BY problem_name_location ORDER BY 1
