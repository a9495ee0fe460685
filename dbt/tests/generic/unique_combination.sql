{# No two rows have the same values in these columns: what the model's description calls one row. #}
{% test unique_combination(model, columns) %}
SELECT {{ columns | join(', ') }}, count() AS copies
FROM {{ model }}
GROUP BY {{ columns | join(', ') }}
HAVING copies > 1
{% endtest %}
