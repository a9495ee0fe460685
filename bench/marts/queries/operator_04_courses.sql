-- Operator Dashboard: Total Organizations, Courses
-- a row a course
SELECT uniqExact(org), uniqExact(course_key) FROM event_sink.dim_course_names
