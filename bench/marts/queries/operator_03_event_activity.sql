-- Operator Dashboard: Event Activity
-- a row a day
SELECT emission_day, uniqCombinedMerge(events_cnt) FROM xapi.fact_instance_events GROUP BY emission_day ORDER BY emission_day
