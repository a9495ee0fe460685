-- Course Dashboard: Section Summary of pages
SELECT section_with_name, uniqExact(actor_id), uniqExact(block_id), any(page_count) FROM reporting.fact_navigation_completion
WHERE course_key = {course:String} GROUP BY section_with_name ORDER BY section_with_name
