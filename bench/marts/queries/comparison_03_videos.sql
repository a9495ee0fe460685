-- Course Comparison: Video Engagement, ten courses
-- puts every video statement of ten courses in order, learner by learner
SELECT course_key, sum(watched_seconds), sum(total_watched_seconds), avg(watched_share) FROM reporting.fact_video_watches WHERE course_key IN {courses:Array(String)} GROUP BY course_key
