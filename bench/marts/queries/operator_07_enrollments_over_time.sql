-- Operator Dashboard: Course Enrollments Over Time
-- every enrolment of every course
SELECT emission_day, enrollment_status, sum(course_enrollment_mode_status_cnt) FROM reporting.fact_instance_enrollments GROUP BY emission_day, enrollment_status ORDER BY emission_day
