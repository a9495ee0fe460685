-- Course Dashboard: Enrollees per Enrollment Track
-- the latest state of every learner of the course
SELECT enrollment_mode, count() FROM reporting.dim_most_recent_enrollment WHERE course_key = {course:String} AND enrollment_status = 'registered' GROUP BY enrollment_mode
