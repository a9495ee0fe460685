-- Individual Learner: Learner Summary
-- one learner's state
SELECT * FROM reporting.learner_summary WHERE course_key = {course:String} AND actor_id = {learner:String}
