-- In-context Problem: Initial Responses
-- all responses of the course to find each first one, taken apart and cleaned
SELECT problem_name_location, response, success, sum(response_count) FROM reporting.dim_problem_responses WHERE course_key = {course:String} GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100
