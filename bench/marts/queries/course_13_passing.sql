-- Course Dashboard: Learners with Passing Grade
-- the latest state of every learner of the course
SELECT countIf(approving_state = 'passed') / count() FROM reporting.dim_student_status WHERE course_key = {course:String} AND enrollment_status = 'registered'
