-- Course Dashboard: Partial and Full Video Views
-- puts every video statement of the course in order, learner by learner
SELECT video_name, countIf(watched_share >= 0.95), countIf(watched_share < 0.95), avg(watched_seconds) FROM reporting.fact_video_watches
WHERE course_key = {course:String} GROUP BY video_name ORDER BY video_name
