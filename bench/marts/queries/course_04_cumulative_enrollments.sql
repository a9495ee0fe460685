-- Course Dashboard: Cumulative Enrollments by Track
-- every enrolment of the course
SELECT toDate(emission_time) AS day, enrollment_mode, countIf(enrollment_status = 'registered') - countIf(enrollment_status = 'unregistered') AS change
FROM reporting.fact_enrollments WHERE course_key = {course:String} GROUP BY day, enrollment_mode ORDER BY day
