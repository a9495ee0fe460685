-- In-context Course: Graded Subsection Engagement
-- the latest of all responses of every learner to every problem of the course
SELECT subsection_with_name, uniqExact(actor_id), avg(scaled_score) FROM reporting.dim_subsection_problem_results WHERE course_key = {course:String} GROUP BY subsection_with_name ORDER BY 1
