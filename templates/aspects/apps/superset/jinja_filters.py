{{ patch("superset-jinja-filters") }}
