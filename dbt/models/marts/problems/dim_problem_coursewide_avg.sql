SELECT
    answers.org AS org,
    answers.course_key AS course_key,
    blocks.course_order AS course_order,
    concat('<a href="', encodeXMLComponent(replaceAll(answers.object_id, '"', '%22')), '" target="_blank">',
        encodeXMLComponent(if(blocks.block_id != '', blocks.display_name_with_location, answers.problem_id)), '</a>') AS problem_link,
    answers.problem_id AS problem_id,
    blocks.graded AS graded,
    answers.actor_id AS actor_id,
    answers.avg_correct AS avg_correct_attempts_coursewide,
    answers.avg_incorrect AS avg_incorrect_attempts_coursewide,
    answers.share_correct AS coursewide_percent_correct,
    answers.correct_attempts AS correct_attempts_by_learner,
    answers.incorrect_attempts AS incorrect_attempts_by_learner,
    toFloat64(answers.correct_attempts > 0) AS selected_learner_percent_correct,
    toFloat64(answers.incorrect_attempts > 0) AS selected_learner_percent_incorrect,
    {{ person() }}
FROM (
    SELECT
        org, course_key, problem_id,
        arrayJoin(learners) AS learner,
        tupleElement(learner, 1) AS actor_id,
        tupleElement(learner, 2) AS object_id,
        tupleElement(learner, 3) AS correct_attempts,
        tupleElement(learner, 4) AS incorrect_attempts,
        avg_correct, avg_incorrect, share_correct
    FROM (
        SELECT
            org, course_key, problem_id,
            groupArray((actor_id, tupleElement(chosen, 3), if(tupleElement(chosen, 5), greatest_attempt, 0), if(tupleElement(chosen, 5), 0, greatest_attempt))) AS learners,
            avg(if(tupleElement(chosen, 5), greatest_attempt, 0)) AS avg_correct,
            avg(if(tupleElement(chosen, 5), 0, greatest_attempt)) AS avg_incorrect,
            countIf(tupleElement(chosen, 5) AND greatest_attempt > 0) / count() AS share_correct
        FROM {{ responses('max') }}
        GROUP BY org, course_key, problem_id
    )
) AS answers
{{ join_block('answers.course_key', 'answers.problem_id') }}
{{ join_person('answers.actor_id') }}
