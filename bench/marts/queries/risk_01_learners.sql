-- At-Risk Learners: Learners
-- the latest state of every learner of the course
SELECT actor_id, username, course_grade, last_visited FROM reporting.at_risk_learners WHERE course_key = {course:String} ORDER BY last_visited LIMIT 1000
