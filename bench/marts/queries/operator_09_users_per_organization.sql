-- Operator Dashboard: Active Users Per Organization, last 30 days
-- the latest state of every learner of every course
SELECT org, uniqCombined(actor_id) FROM reporting.dim_learner_last_course_visit WHERE emission_time > now() - INTERVAL 30 DAY GROUP BY org ORDER BY 2 DESC LIMIT 100
