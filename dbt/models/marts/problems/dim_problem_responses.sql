SELECT
    answers.org AS org,
    answers.course_key AS course_key,
    answers.problem_id AS problem_id,
    answers.question_id AS question_id,
    {{ short_id('answers.problem_id') }} AS block_id_short,
    answers.answer AS response,
    answers.success AS success,
    answers.interaction_type AS interaction_type,
    {{ problem_number() }} AS problem_number,
    {{ problem_name_location() }} AS problem_name_location,
    answers.learners AS response_count,
    answers.latest AS emission_time
FROM (
    SELECT
        org, course_key, problem_id, question_id,
        arrayJoin(arrayDistinct(arrayMap(text -> {{ cleaned('text') }}, {{ answers_of('tupleElement(chosen, 3)') }}))) AS answer,
        tupleElement(chosen, 4) AS success,
        tupleElement(chosen, 5) AS interaction_type,
        uniqExact(actor_id) AS learners,
        toDateTime(max(tupleElement(chosen, 1))) AS latest
    FROM (
        SELECT
            org, course_key, block_id AS problem_id, arrayElement(splitByString('/xblock/', object_id), -1) AS question_id, actor_id,
            min((emission_time, event_id, response, ifNull(success, false), toString(interaction_type))) AS chosen
        FROM {{ statements(['evaluated'], ['org', 'course_key', 'block_id', 'object_id', 'actor_id', 'emission_time', 'event_id', 'response', 'success', 'interaction_type'],
            "object_kind != 'GroupActivity' AND block_id != ''") }}
        GROUP BY org, course_key, problem_id, question_id, actor_id
    )
    GROUP BY org, course_key, problem_id, question_id, answer, success, interaction_type
) AS answers
{{ join_block('answers.course_key', 'answers.problem_id') }}
