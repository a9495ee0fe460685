{# Pages (units) that learners were on: a statement about a sequence tells positions in it, from where and
   mostly to where; one about a unit tells the unit. Only units of the latest publish count. #}
{% macro page_visits() -%}
    (
        SELECT
            visits.org AS org,
            visits.course_key AS course_key,
            visits.actor_id AS actor_id,
            units.unit_id AS block_id,
            visits.emission_time AS visited_at
        FROM (
            SELECT org, course_key, actor_id, emission_time,
                arrayJoin(multiIf(
                    {{ is_unit('block_id') }}, [block_id],
                    ifNull(starting_position, 0) <= 0, [],
                    arrayMap(position -> concat(block_id, '#', toString(position)), [
                        assumeNotNull(starting_position),
                        multiIf(ending_point = 'next unit', assumeNotNull(starting_position) + 1,
                            ending_point = 'previous unit', assumeNotNull(starting_position) - 1,
                            toInt32OrZero(ending_point))
                    ])
                )) AS page
            FROM {{ statements(['navigated'], ['org', 'course_key', 'actor_id', 'block_id', 'emission_time', 'starting_position', 'ending_point'], "block_id != ''") }}
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
    match({{ block }}, '@vertical[+]block@|^i4x://[^/]+/[^/]+/vertical/')
{%- endmacro %}
