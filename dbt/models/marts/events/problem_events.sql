SELECT DISTINCT event_id, toDateTime(emission_time) AS emission_time, actor_id, object_id, course_key, org, verb_id, response AS responses, ifNull(score_scaled, 0.) AS scaled_score, ifNull(success, false) AS success,
    interaction_type, ifNull(attempt, 0) AS attempts, block_id AS problem_id
FROM {{ statements(['evaluated', 'passed', 'asked'], ['event_id', 'emission_time', 'actor_id', 'object_id', 'course_key', 'org', 'verb_id', 'response', 'score_scaled', 'success', 'interaction_type', 'attempt', 'block_id'], "block_id != ''") }}
