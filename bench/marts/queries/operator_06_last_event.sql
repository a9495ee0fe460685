-- Operator Dashboard: Last Received Event
SELECT max(emission_time) FROM xapi.xapi_events_all_parsed WHERE emission_time > now() - INTERVAL 1 DAY
