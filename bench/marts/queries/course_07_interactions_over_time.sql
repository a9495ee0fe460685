-- Course Dashboard: Page Engagement Over Time
-- every navigation of the course by day, looked up in its outline
SELECT visited_on, uniqExact(actor_id), count() FROM reporting.fact_navigation_completion WHERE course_key = {course:String} GROUP BY visited_on ORDER BY visited_on
