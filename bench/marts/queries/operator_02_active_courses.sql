-- Operator Dashboard: Active Courses
-- a row an hour
SELECT toDate(emission_hour) AS day, uniqCombinedMerge(courses_cnt) FROM xapi.fact_instance_courses GROUP BY day ORDER BY day
