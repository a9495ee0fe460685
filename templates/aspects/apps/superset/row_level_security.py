SECURITY_FILTERS = []
{{ patch("superset-row-level-security") }}
