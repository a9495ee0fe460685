-- Course Dashboard: Course Information
-- the latest state of every learner of the course
SELECT course_name, course_run, uniqExact(actor_id), countIf(last_visited >= now() - INTERVAL 7 DAY), avg(course_grade)
FROM reporting.dim_student_status WHERE course_key = {course:String} GROUP BY course_name, course_run
