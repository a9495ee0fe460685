SELECT id, object_id, taxonomy, tag, _value, _export_id, lineage, dump_id, time_last_dumped
FROM {{ source('event_sink', 'object_tag') }} FINAL
