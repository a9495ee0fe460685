SELECT emission_day, actors_cnt FROM {{ ref('int_instance_day') }}
