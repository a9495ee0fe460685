SELECT emission_hour, courses_cnt FROM {{ ref('int_instance_hour') }}
