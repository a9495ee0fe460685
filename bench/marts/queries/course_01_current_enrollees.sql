-- Course Dashboard: Current Enrollees
-- the latest state of every learner of the course
SELECT uniqExact(actor_id) FROM reporting.dim_student_status WHERE course_key = {course:String} AND enrollment_status = 'registered'
