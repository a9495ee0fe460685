{# A problem's statement as a whole: of a problem with one question, or of the group of several. #}
{% macro whole() -%}
    {{ return("parent_event = '' AND block_id != ''") }}
{%- endmacro %}

{# The latest or first whole statement of every learner about every problem. #}
{% macro responses(which) -%}
    (
        SELECT
            org, course_key, block_id AS problem_id, actor_id,
            {{ which }}((emission_time, event_id, object_id, toString(interaction_type), ifNull(success, false), response, ifNull(score_scaled, 0.), ifNull(attempt, 0))) AS chosen,
            max(ifNull(attempt, 0)) AS greatest_attempt
        FROM {{ statements(['evaluated'], ['org', 'course_key', 'block_id', 'actor_id', 'emission_time', 'event_id', 'object_id',
            'interaction_type', 'success', 'response', 'score_scaled', 'attempt'], whole()) }}
        GROUP BY org, course_key, problem_id, actor_id
    )
{%- endmacro %}

{% macro response_columns(attempts) -%}
    answers.org AS org,
    answers.course_key AS course_key,
    tupleElement(answers.chosen, 3) AS object_id,
    answers.problem_id AS problem_id,
    concat('<a href="', encodeXMLComponent(replaceAll(object_id, '"', '%22')), '" target="_blank">',
        encodeXMLComponent(if(blocks.block_id != '', blocks.display_name_with_location, answers.problem_id)), '</a>') AS problem_link,
    blocks.display_name_with_location AS display_name_with_location,
    blocks.graded AS graded,
    blocks.course_order AS course_order,
    answers.actor_id AS actor_id,
    tupleElement(answers.chosen, 4) AS interaction_type,
    {{ attempts }} AS attempts,
    tupleElement(answers.chosen, 5) AS success,
    tupleElement(answers.chosen, 6) AS responses,
    tupleElement(answers.chosen, 7) AS scaled_score,
    toDateTime(tupleElement(answers.chosen, 1)) AS emission_time
{%- endmacro %}

{# The number and the name by which reports list a problem; '' for a block that is not published. #}
{% macro problem_number(alias='blocks') -%}
    {{ padded(alias ~ '.section', alias ~ '.subsection', alias ~ '.unit', alias ~ ".block_id != ''") }}
{%- endmacro %}

{% macro problem_name_location(alias='blocks') -%}
    if({{ alias }}.block_id != '', concat({{ problem_number(alias) }}, ' - ', {{ alias }}.block_name), '')
{%- endmacro %}

{# The answers that a response holds: the texts of a JSON list of texts, else the response itself. #}
{% macro answers_of(response) -%}
    if(JSONType({{ response }}) = 'Array' AND arrayAll(item -> startsWith(item, '"'), JSONExtractArrayRaw({{ response }})),
        if(JSONLength({{ response }}) = 0, [''], JSONExtract({{ response }}, 'Array(String)')), [{{ response }}])
{%- endmacro %}

{# Without the hints and frames that choices carry. #}
{% macro cleaned(text) -%}
    replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(
        {{ text }}, '(?is)<\\w*hint\\b[^>]*>.*?</\\w*hint>', ''), '(?i)</?div[^>]*>', ''), '^[ \\t\\r\\n]+|[ \\t\\r\\n]+$', '')
{%- endmacro %}
