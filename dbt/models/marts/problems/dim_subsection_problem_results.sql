SELECT
    answers.org AS org,
    answers.course_key AS course_key,
    {{ short_id('blocks.subsection_block_id') }} AS block_id_short,
    answers.actor_id AS actor_id,
    answers.problem_id AS problem_id,
    tupleElement(answers.chosen, 5) AS success,
    tupleElement(answers.chosen, 7) AS scaled_score,
    {{ padded('blocks.section', 'blocks.subsection', '0', 'true') }} AS subsection_number,
    concat(subsection_number, ' - ', substring(blocks.subsection_with_name, position(blocks.subsection_with_name, ' - ') + 3)) AS subsection_with_name,
    {{ problem_number() }} AS problem_number,
    {{ problem_name_location() }} AS problem_name_location
FROM {{ responses('max') }} AS answers
INNER JOIN {{ ref('dim_course_blocks') }} AS blocks
    ON blocks.course_key = answers.course_key AND blocks.block_id = answers.problem_id
WHERE blocks.graded AND blocks.subsection_block_id != ''
