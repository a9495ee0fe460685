-- In-context Course: Problem Engagement
SELECT problem_name_location, countIf(success), avg(attempts) FROM reporting.dim_problem_results WHERE course_key = {course:String} GROUP BY problem_name_location ORDER BY 1
