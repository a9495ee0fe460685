"""Dashboards as specifications: small YAML files, and their compiler to Superset's assets.

`load` reads and checks, `compile` makes the bundle, `parse` reads a bundle back, `superset` speaks
to the server. Nothing here knows Tutor or ClickHouse.
"""
