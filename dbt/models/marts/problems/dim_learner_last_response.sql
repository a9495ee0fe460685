SELECT
    {{ response_columns('answers.greatest_attempt') }}
FROM {{ responses('max') }} AS answers
{{ join_block('answers.course_key', 'answers.problem_id') }}
