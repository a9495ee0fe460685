SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, ifNull(score_scaled, 0.) AS scaled_score,
    multiIf(grade_classification = 'Pass', 'passed', grade_classification = 'Fail', 'failed', verb_id = {{ verb('passed') }}, 'passed',
        verb_id = {{ verb('failed') }}, 'failed', '') AS approving_state
FROM {{ statements(['earned', 'evaluated', 'passed', 'failed'],
    ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'score_scaled', 'grade_classification'],
    "(verb_id IN (" ~ verbs(['earned', 'evaluated']) ~ ") OR object_type = " ~ course_type() ~ ")") }}
