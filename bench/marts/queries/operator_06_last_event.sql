-- Operator Dashboard: Last Received Event
-- the events of the newest month, which is as far as the partitions tell
SELECT max(emission_time) FROM xapi.xapi_events_all_parsed WHERE emission_time > now() - INTERVAL 1 DAY
