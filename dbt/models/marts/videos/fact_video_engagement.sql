{{ engagement(
    'SELECT DISTINCT org, course_key, actor_id, object_id AS block_id FROM ' ~ watched() ~ ' WHERE notEmpty(spans)',
    'video', 'section_subsection_video_engagement',
    'No videos viewed yet', 'At least one video viewed', 'All videos viewed',
) }}
