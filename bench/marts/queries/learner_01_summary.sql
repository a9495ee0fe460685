-- Individual Learner: Learner Summary
SELECT * FROM reporting.learner_summary WHERE course_key = {course:String} AND actor_id = {learner:String}
