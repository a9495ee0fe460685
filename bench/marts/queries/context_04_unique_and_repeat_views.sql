-- In-context Video: Unique vs. Repeat Views
-- puts the statements of one video in order, and spreads them over its seconds
SELECT watched_segment, uniqExact(actor_id) AS learners, sum(watch_count) - learners FROM reporting.fact_video_segments
WHERE course_key = {course:String} AND object_id = {video:String} GROUP BY watched_segment ORDER BY watched_segment
