-- Course Dashboard: Problem Attempts and Results
-- the latest of all responses of every learner to every problem of the course
SELECT problem_link, any(course_order) AS position, avg(attempts), countIf(success) / count() FROM reporting.dim_learner_last_response
WHERE course_key = {course:String} GROUP BY problem_link ORDER BY position LIMIT 1000
