SELECT id, name, dump_id, time_last_dumped
FROM {{ source('event_sink', 'taxonomy') }} FINAL
