{# What a data test reads. `where` of a test is a condition, or one of two words for tests that would
   read every event otherwise:

   one_course   rows of one course, another one every day: the course is the first part of the key
   recent       rows of the last day

   dbt calls this macro for every data test. #}
{% macro get_where_subquery(relation) -%}
    {%- set given = config.get('where') -%}
    {%- if not given -%}{{ return(relation) }}{%- endif -%}
    {%- set condition = {'one_course': is_course_of_the_day(), 'recent': 'emission_time > now() - INTERVAL 1 DAY'}.get(given, given) -%}
    {{ return('(SELECT * FROM ' ~ relation ~ ' WHERE ' ~ condition ~ ') AS sampled') }}
{%- endmacro %}

{# Without ref() or source(): dbt does not look for them in a test's `where`. #}
{% macro is_course_of_the_day() -%}
    {%- set courses = qualified(env_var('ASPECTS_EVENT_SINK_DATABASE', 'event_sink'), 'course_overviews') -%}
    course_key = (SELECT course_key FROM {{ courses }} ORDER BY cityHash64(course_key, toString(today())) LIMIT 1)
{%- endmacro %}
