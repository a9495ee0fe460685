-- Operator Dashboard: Active Courses
SELECT toDate(emission_hour) AS day, uniqCombinedMerge(courses_cnt) FROM xapi.fact_instance_courses GROUP BY day ORDER BY day
