-- Individual Learner: Partial and Full Video Views
-- one learner's video statements
SELECT video_name, watched_share, max_watch_count FROM reporting.fact_video_watches WHERE course_key = {course:String} AND actor_id = {learner:String}
