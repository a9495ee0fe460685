-- Individual Learner: Page Engagement per Subsection
-- one learner's navigations; the course is one range of the key, the learner another
SELECT section_subsection_name, section_subsection_page_engagement FROM reporting.fact_pageview_engagement
WHERE course_key = {course:String} AND actor_id = {learner:String} AND content_level = 'subsection'
