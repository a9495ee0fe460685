SELECT id, taxonomy, parent, value, external_id, lineage, dump_id, time_last_dumped
FROM {{ source('event_sink', 'tag') }} FINAL
