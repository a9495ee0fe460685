{# Statements as the models read them. Addresses are those that edx-event-routing-backends writes. #}

{% macro verb(name) -%}
    {%- set spaces = {
        'http://adlnet.gov/expapi/verbs/': ['registered', 'passed', 'failed', 'attempted', 'asked',
            'completed', 'initialized', 'terminated', 'interacted', 'progressed'],
        'http://id.tincanapi.com/verb/': ['unregistered', 'earned'],
        'https://w3id.org/xapi/dod-isd/verbs/': ['navigated', 'deleted'],
        'https://w3id.org/xapi/acrossx/verbs/': ['evaluated', 'posted', 'edited', 'reported'],
        'https://w3id.org/xapi/video/verbs/': ['played', 'paused', 'seeked'],
        'https://w3id.org/xapi/openedx/verb/': ['unreported', 'voted'],
    } -%}
    {%- for space, names in spaces.items() if name in names %}{{ return("'" ~ space ~ name ~ "'") }}{% endfor -%}
    {%- do exceptions.raise_compiler_error('no verb ' ~ name) -%}
{%- endmacro %}

{% macro verbs(names) -%}
    {%- set found = [] -%}
    {%- for name in names %}{% do found.append(verb(name)) %}{% endfor -%}
    {{ return(found | join(', ')) }}
{%- endmacro %}

{% macro course_type() -%}
    {{ return("'http://adlnet.gov/expapi/activities/course'") }}
{%- endmacro %}

{% macro is_learner() -%}
    {{ return("actor_id != '' AND course_key != ''") }}
{%- endmacro %}

{# Learners whom the LMS has retired are in no mart that tells of learners. #}
{% macro not_retired(actor='actor_id') -%}
    cityHash64({{ actor }}) NOT IN (SELECT learner FROM {{ ref('dim_retired_learners') }})
{%- endmacro %}

{# A learner's statements with these verbs. A subquery of its own, always: the server sends a
   condition on the course to the shards through a plain SELECT from the front, but not through a
   GROUP BY of the front (ClickHouse issue 108284), which would read every course. Without FINAL,
   which the reports' profile sets and which costs more than the rest of a query: whoever calls
   this counts copies once. #}
{% macro statements(names, columns, where='') -%}
    (
        SELECT {{ columns | join(', ') }}
        FROM {{ source('xapi', 'xapi_events_all_parsed') }}
        WHERE verb_id IN ({{ verbs(names) }}) AND {{ is_learner() }} AND {{ not_retired() }}
        {%- if where %} AND {{ where }}{% endif %}
        SETTINGS final = 0
    )
{%- endmacro %}

{# The order of statements, by time and then by id, as one number for tables that keep the row with the
   greatest: microseconds since 1970 before the second half of the id, which the server compares first. #}
{% macro version() -%}
    bitOr(
        bitShiftLeft(toUInt128(toUnixTimestamp64Micro(emission_time)), 64),
        toUInt128(reinterpretAsUInt64(reverse(substring(UUIDToNum(event_id), 9, 8))))
    )
{%- endmacro %}

{% macro course_run(key) -%}
    arrayElement(splitByRegexp('[+/]', {{ key }}), -1)
{%- endmacro %}

{# Ten buckets of a share from 0 to 1. #}
{% macro bucket(share) -%}
    multiIf(
        {{ share }} >= 0.9, '90-100%',
        {%- for tens in range(8, 0, -1) %} {{ share }} >= 0.{{ tens }}, '{{ tens }}0-{{ tens }}9%',{% endfor %} '0-9%'
    )
{%- endmacro %}

{# What follows the last @ of a usage key. #}
{% macro short_id(block) -%}
    arrayElement(splitByChar('@', {{ block }}), -1)
{%- endmacro %}

{# An outline number with two digits each, so that texts sort as numbers do. '' without a block. #}
{% macro padded(section, subsection, unit, known) -%}
    if({{ known }}, arrayStringConcat(arrayMap(
        n -> leftPad(toString(n), 2, '0'), [{{ section }}, {{ subsection }}, {{ unit }}]), ':'), '')
{%- endmacro %}

{# Columns that every mart of learners has about the person, empty without personal data. #}
{% macro person(alias='users') -%}
    {{ alias }}.username AS username, {{ alias }}.name AS name, {{ alias }}.email AS email
{%- endmacro %}

{% macro join_person(actor, alias='users') -%}
    LEFT ANY JOIN {{ ref('int_user_pii') }} AS {{ alias }} ON {{ alias }}.actor_id = {{ actor }}
{%- endmacro %}

{% macro join_course(key, alias='courses') -%}
    LEFT ANY JOIN {{ ref('dim_course_names') }} AS {{ alias }} ON {{ alias }}.course_key = {{ key }}
{%- endmacro %}

{# A course that was never published goes by its key. #}
{% macro course_name(key, alias='courses') -%}
    if({{ alias }}.course_name != '', {{ alias }}.course_name, toString({{ key }}))
{%- endmacro %}

{# A block's names, also of one that is no longer published; its section and subsection only while it is. #}
{% macro join_block(key, block, alias='blocks') -%}
    LEFT ANY JOIN {{ ref('int_course_blocks') }} AS {{ alias }}
        ON {{ alias }}.course_key = {{ key }} AND {{ alias }}.block_id = {{ block }}
{%- endmacro %}
