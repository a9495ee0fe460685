-- At-Risk Learners: Partial and Full Video Views
-- puts every video statement of the course in order, and who is at risk
SELECT video_name, countIf(watched_share >= 0.95), countIf(watched_share < 0.95) FROM reporting.fact_video_watches
WHERE course_key = {course:String} AND actor_id IN (SELECT actor_id FROM reporting.at_risk_learners WHERE course_key = {course:String}) GROUP BY video_name
