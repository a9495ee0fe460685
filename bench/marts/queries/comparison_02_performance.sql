-- Course Comparison: Learner Performance Breakdown, ten courses
-- the latest state of every learner of ten courses
SELECT course_key, approving_state, learner_status, count() FROM reporting.learner_performance_breakdown WHERE course_key IN {courses:Array(String)} GROUP BY 1, 2, 3
