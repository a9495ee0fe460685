-- Course Dashboard: Number of Views across Video Duration
-- puts every video statement of the course in order, and spreads them over the seconds
SELECT watched_segment, sum(watch_count), count() FROM reporting.fact_video_segments WHERE course_key = {course:String} GROUP BY watched_segment ORDER BY watched_segment
