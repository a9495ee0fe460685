-- Operator Dashboard: Current Active Enrollments By Mode
-- the latest state of every learner of every course
SELECT enrollment_mode, count() FROM reporting.dim_most_recent_enrollment WHERE enrollment_status = 'registered' GROUP BY enrollment_mode
