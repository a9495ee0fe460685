{# Pages (units) that learners were on, when first, when last, and on which days: a statement about a sequence tells positions in it, from where and mostly to where; one about a unit
   tells the unit. Only units of the latest publish count. What is the same in many statements is put
   together before it is looked up. #}
{% macro page_visits() -%}
    (
        SELECT
            visits.org AS org,
            visits.course_key AS course_key,
            visits.actor_id AS actor_id,
            units.unit_id AS block_id,
            visits.first_visit AS first_visit,
            visits.last_visit AS last_visit,
            visits.days AS days
        FROM (
            SELECT org, course_key, actor_id, first_visit, last_visit, days,
                arrayJoin(multiIf(
                    {{ is_unit('block_id') }}, [block_id],
                    starting_position <= 0, [],
                    arrayMap(position -> concat(block_id, '#', toString(position)), [
                        starting_position,
                        multiIf(ending_point = 'next unit', starting_position + 1,
                            ending_point = 'previous unit', starting_position - 1,
                            toInt32OrZero(ending_point))
                    ])
                )) AS page
            FROM (
                SELECT org, course_key, actor_id, block_id, ifNull(starting_position, 0) AS starting_position, ending_point,
                    min(emission_time) AS first_visit, max(emission_time) AS last_visit, groupUniqArray(toDate(emission_time)) AS days
                FROM {{ statements(['navigated'], ['org', 'course_key', 'actor_id', 'block_id', 'emission_time', 'starting_position', 'ending_point'], "block_id != ''") }}
                GROUP BY org, course_key, actor_id, block_id, starting_position, ending_point
            )
        ) AS visits
        INNER JOIN (
            SELECT course_key, block_id AS unit_id,
                arrayJoin([block_id, concat(subsection_block_id, '#', toString(unit))]) AS page
            FROM {{ ref('dim_course_blocks') }}
            WHERE block_type = 'unit'
        ) AS units ON units.course_key = visits.course_key AND units.page = visits.page
    )
{%- endmacro %}

{% macro is_unit(block) -%}
    {{ is_block(block, 'vertical') }}
{%- endmacro %}

{# Whether a usage key is of this type: the plain search first, since nearly all keys are of its form. #}
{% macro is_block(key, type) -%}
    {{ return("(" ~ key ~ " LIKE '%@" ~ type ~ "+block@%' OR match(" ~ key ~ ", '^i4x://[^/]+/[^/]+/" ~ type ~ "/'))") }}
{%- endmacro %}
