{# The latest state of every learner in every course, over all shards: rows of one learner can stand on
   two shards after a shard was added. Readable as `statements` is, and for the same reason. #}
{% macro learner_course(columns) -%}
    (
        SELECT org, course_key, actor_id, {{ columns | join(', ') }}
        FROM (
            SELECT org, course_key, actor_id, enrollment, grade, passing, last_visit
            FROM {{ ref('int_learner_course') }}
            WHERE {{ not_retired() }}
            SETTINGS final = 0
        )
        GROUP BY org, course_key, actor_id
    )
{%- endmacro %}

{# A state that no statement has touched has the time 0. #}
{% macro touched(moment) -%}
    {{ moment }} != toDateTime64(0, 6)
{%- endmacro %}
