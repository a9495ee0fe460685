"""What runs inside Superset: its configuration, single sign-on, who sees which rows, roles.

`config` is what Superset imports, by way of the image's superset_config.py; `python -m
tutoraspects.superset` brings roles, accounts, databases and row filters in line with their
declaration. Superset's own modules are imported inside functions: its configuration is read before
they can be.
"""
