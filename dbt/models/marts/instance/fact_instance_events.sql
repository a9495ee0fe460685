SELECT emission_day, events_cnt FROM {{ ref('int_instance_day') }}
