"""ClickHouse objects: the one place that writes DDL.

`versions/` declares the objects, `ddl` turns them into statements for one node or a cluster,
`runner` applies what is missing, `compare` and `repair` hold every node against the declaration.
Nothing here knows Tutor: settings arrive as environment variables, read in `target` and `names`.
"""
