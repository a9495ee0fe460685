-- Course Comparison: Course Info and Enrollment Counts, ten courses
-- the latest state of every learner of ten courses
SELECT course_name, course_run, enrollment_mode, count(), countIf(last_visited >= now() - INTERVAL 7 DAY) FROM reporting.dim_student_status
WHERE course_key IN {courses:Array(String)} GROUP BY course_name, course_run, enrollment_mode
