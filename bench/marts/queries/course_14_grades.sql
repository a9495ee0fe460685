-- Course Dashboard: Distribution of Current Course Grade
-- the latest state of every learner of the course
SELECT grade_bucket, count() FROM reporting.dim_student_status WHERE course_key = {course:String} GROUP BY grade_bucket ORDER BY grade_bucket
