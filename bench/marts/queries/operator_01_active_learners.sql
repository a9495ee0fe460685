-- Operator Dashboard: Active Learners
-- a row a day
SELECT emission_day, uniqCombinedMerge(actors_cnt) FROM xapi.fact_instance_actors GROUP BY emission_day ORDER BY emission_day
