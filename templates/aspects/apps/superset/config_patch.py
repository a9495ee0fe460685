{{ patch("superset-config") }}
{{ patch("superset-config-docker") }}
