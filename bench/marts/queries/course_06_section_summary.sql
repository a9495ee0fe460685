-- Course Dashboard: Section Summary of pages
-- every navigation of the course by day, looked up in its outline
SELECT section_with_name, uniqExact(actor_id), uniqExact(block_id), any(page_count) FROM reporting.fact_navigation_completion
WHERE course_key = {course:String} GROUP BY section_with_name ORDER BY section_with_name
