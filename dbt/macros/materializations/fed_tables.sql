{# Tables that a materialized view feeds on every shard, from the rows inserted there, and that
   answer the same whatever came twice, late or in another order:

   sharded_stream   statements of some kind; copies of one merge into one
   latest_state     one row per key, the one with the greatest `version`
   mergeable_state  one row per key with states or greatest values, merged when read

   The rows stand in `<name>_v<fingerprint>`; the model's own name is a view of it, which changes
   hands when the new table is complete. A model's SELECT reads one source and says
   `{{ window() }}` among its conditions; `proof` is an aggregate over its rows that must come out
   alike for the source and for the table. #}

{% materialization sharded_stream, adapter='clickhouse' %}
    {{ return(fed_table('ReplacingMergeTree', [])) }}
{% endmaterialization %}

{% materialization latest_state, adapter='clickhouse' %}
    {{ return(fed_table('ReplacingMergeTree', ['version'])) }}
{% endmaterialization %}

{% materialization mergeable_state, adapter='clickhouse' %}
    {{ return(fed_table('AggregatingMergeTree', [])) }}
{% endmaterialization %}

{% macro window() -%}
    {{ return('true /* window */') }}
{%- endmacro %}

{% macro fed_table(family, arguments) %}
    {%- set shape = {
        'family': family, 'arguments': arguments, 'columns': config.require('columns'),
        'order_by': config.require('order_by'), 'primary_key': config.get('primary_key'),
        'partition_by': config.get('partition_by'), 'sharding_key': config.get('sharding_key'),
        'placement': config.get('placement', 'sharded'),     } -%}
    {%- set mark = fingerprint(sql ~ tojson(shape, sort_keys=True)) -%}
    {%- do shape.update({'comment': model.description | trim}) -%}
    {%- set built = this.identifier ~ '_v' ~ mark -%}
    {%- set data = data_name(built, shape.placement) -%}
    {%- set parts = [built, built ~ '_mv'] + ([data] if data != built else []) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if is_current(this, mark, parts) -%}
        {% call noop_statement('main', 'unchanged') %}{% endcall %}
    {%- else -%}
        {%- if not is_live(this, mark) %}{% do drop_unfinished(this, built) %}{% endif -%}
        {%- do run_query(create_data_table(this.schema, built, shape)) -%}
        {%- if data != built %}{% do run_query(create_front(this.schema, built, shape)) %}{% endif -%}
        {%- do run_query(create_feed(this.schema, built, shape.placement, on_shard(sql, shape.placement))) -%}
        {%- do wait_for_running_inserts() -%}
        {%- set before = proof_of('(' ~ sql ~ ')') -%}
        {%- do backfill(built, shape.placement) -%}
        {%- do carry_over(built) -%}
        {%- do prove(built, before) -%}
        {% call statement('main') -%}
            {{ create_public_view(this.schema, this.identifier,
                'SELECT * FROM ' ~ qualified(this.schema, built), comment_of(model.description, mark)) }}
        {%- endcall %}
    {%- endif -%}
    {%- do drop_earlier(this, built) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmacro %}

{# The SELECT as a shard's feed: from the table that holds the shard's rows, not from its front. #}
{% macro on_shard(query, placement) -%}
    {%- if cluster_name() and placement == 'sharded' -%}
        {%- set front = source('xapi', 'xapi_events_all_parsed') | string -%}
        {{ return(query | replace(front, qualified(source('xapi', 'xapi_events_all_parsed').schema, parsed_table() ~ '_local'))) }}
    {%- endif -%}
    {{ return(query) }}
{%- endmacro %}

{# An insert that began before the feed existed does not feed it, and may end after the backfill has
   read: wait until none is left, for two minutes at most. #}
{% macro wait_for_running_inserts() -%}
    {%- set since = ask('SELECT toUnixTimestamp64Micro(now64(6))') -%}
    {%- for _ in range(600) -%}
        {%- set running = ask(
            "SELECT count(), sleep(0.2) FROM " ~ everywhere('system.processes')
            ~ " WHERE query_kind IN ('Insert', 'AsyncInsertFlush') AND NOT match(query, '_v[0-9a-f]{10}')"
            ~ " AND elapsed > (toUnixTimestamp64Micro(now64(6)) - " ~ since ~ ") / 1000000"
        ) -%}
        {%- if running == '0' %}{{ return('') }}{% endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        'An insert has been running for two minutes: end it (system.processes shows it) and repeat `aspects dbt run`.'
    ) -%}
{%- endmacro %}

{# Month by month, each shard from its own rows. What the feed has stored meanwhile is stored again:
   that changes nothing. #}
{% macro backfill(built, placement) -%}
    {%- set target = qualified(this.schema, built) -%}
    {%- if placement == 'everywhere' -%}
        {%- do run_query('INSERT INTO ' ~ target ~ ' ' ~ sql) -%}
    {%- else -%}
        {%- set months = run_query(
            "SELECT DISTINCT partition FROM " ~ everywhere('system.parts') ~ " WHERE active AND database = '"
            ~ source('xapi', 'xapi_events_all_parsed').schema ~ "' AND table = '"
            ~ data_name(parsed_table(), 'sharded') ~ "' ORDER BY partition"
        ) -%}
        {%- for row in months.rows -%}
            {%- do log('backfill ' ~ this.identifier ~ ' ' ~ row[0] ~ ' (' ~ loop.index ~ ' of ' ~ loop.length ~ ')', info=True) -%}
            {%- do run_query(
                'INSERT INTO ' ~ target ~ ' '
                ~ (sql | replace(window(), 'toYYYYMM(emission_time) = ' ~ row[0]))
                ~ ' SETTINGS parallel_distributed_insert_select = 2, distributed_foreground_insert = 1'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# What the earlier table knows of events that retention has deleted: `carry` selects it, given the time
   of the oldest event that every shard still has. Only between tables of the same columns. #}
{% macro carry_over(built) -%}
    {%- if config.get('carry') and is_there(this) -%}
        {%- set same = ask(
            "SELECT uniqExact(columns) FROM (SELECT table, groupArray((name, type)) AS columns FROM (SELECT * FROM system.columns WHERE database = '"
            ~ this.schema ~ "' AND table IN ('" ~ this.identifier ~ "', '" ~ built ~ "') ORDER BY table, position) GROUP BY table)"
        ) -%}
        {%- set oldest = ask(
            'SELECT toString(if(count() = 0, now64(6), max(oldest))) FROM (SELECT min(emission_time) AS oldest FROM '
            ~ source('xapi', 'xapi_events_all_parsed') ~ ' GROUP BY ' ~ ('_shard_num' if cluster_name() else 'tuple()') ~ ')'
        ) -%}
        {%- if same == '1' -%}
            {%- do run_query(
                'INSERT INTO ' ~ qualified(this.schema, built) ~ ' '
                ~ (config.get('carry') | replace('{earlier}', qualified(this.schema, this.identifier))
                    | replace('{oldest}', "toDateTime64('" ~ oldest ~ "', 6)"))
                ~ ' SETTINGS distributed_foreground_insert = 1'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro proof_of(rows) -%}
    {{ return(ask('SELECT toUInt64(' ~ config.require('proof') ~ ') FROM ' ~ rows) | int) }}
{%- endmacro %}

{# The table must show at least what the source showed before the backfill, at most what it shows
   now; and at least what the table shows that it replaces, unless retention has taken the rest. #}
{% macro prove(built, before) -%}
    {#- In this order: events arrive meanwhile, in both tables. -#}
    {%- set earlier = proof_of(qualified(this.schema, this.identifier)) if is_there(this) else 0 -%}
    {%- set copied = proof_of(qualified(this.schema, built)) -%}
    {%- if copied < earlier -%}
        {#- An insert that is under way may have reached the one table and not yet the other. -#}
        {%- do wait_for_running_inserts() -%}
        {%- set copied = proof_of(qualified(this.schema, built)) -%}
    {%- endif -%}
    {%- set after = proof_of('(' ~ sql ~ ')') -%}
    {%- if copied < before or copied > after + earlier -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ ': the backfill has ' ~ copied ~ ' rows where the events have ' ~ before ~ ' to ' ~ after
            ~ '; the earlier table is still in use: repeat `aspects dbt run`.'
        ) -%}
    {%- endif -%}
    {%- if copied < earlier and not var('accept_expired') -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ ': the earlier table has ' ~ earlier ~ ' rows, the events explain ' ~ copied
            ~ ' of them and retention has deleted the rest; the earlier table is still in use: '
            ~ 'repeat with `aspects dbt run --accept-expired` to go on without them.'
        ) -%}
    {%- endif -%}
    {%- do log('proven: ' ~ this.identifier ~ ' has ' ~ copied, info=True) -%}
{%- endmacro %}

{% macro is_there(relation) -%}
    {{ return(ask(
        "SELECT count() FROM system.tables WHERE database = '" ~ relation.schema ~ "' AND name = '" ~ relation.identifier ~ "'"
    ) != '0') }}
{%- endmacro %}
