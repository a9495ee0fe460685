{# An absent text is '' here, not NULL: most columns cannot hold NULL, as their contract says. #}
{% test not_empty(model, column_name) %}
SELECT {{ column_name }}
FROM {{ model }}
WHERE empty(toString({{ column_name }}))
{% endtest %}
