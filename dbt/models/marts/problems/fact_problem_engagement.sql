{{ engagement(
    'SELECT DISTINCT org, course_key, actor_id, block_id FROM '
        ~ statements(['evaluated'], ['org', 'course_key', 'actor_id', 'block_id'], whole()),
    'problem', 'section_subsection_problem_engagement',
    'No problems attempted yet', 'At least one problem attempted', 'All problems attempted',
) }}
