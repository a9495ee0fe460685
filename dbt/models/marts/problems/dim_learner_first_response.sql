SELECT
    {{ response_columns('tupleElement(answers.chosen, 8)') }}
FROM {{ responses('min') }} AS answers
{{ join_block('answers.course_key', 'answers.problem_id') }}
