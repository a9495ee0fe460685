{{ engagement(
    'SELECT DISTINCT org, course_key, actor_id, block_id FROM ' ~ page_visits(),
    'unit', 'section_subsection_page_engagement',
    'No pages viewed yet', 'At least one page viewed', 'All pages viewed',
) }}
