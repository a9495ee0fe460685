-- Operator Dashboard: Currently Enrolled Users
-- the latest state of every learner of every course
SELECT uniqExact(actor_id) FROM reporting.dim_most_recent_enrollment WHERE enrollment_status = 'registered'
