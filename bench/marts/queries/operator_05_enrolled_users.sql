-- Operator Dashboard: Currently Enrolled Users
SELECT uniqExact(actor_id) FROM reporting.dim_most_recent_enrollment WHERE enrollment_status = 'registered'
