{# ON CLUSTER, engines, replica paths and Distributed fronts are written here and nowhere else in
   dbt. They are those of tutoraspects/schema/ddl.py: `<name>_local` holds the rows of a shard,
   `<name>` is its Distributed front; on one node `<name>` alone. #}

{% macro on_cluster() -%}
    {%- if cluster_name() %} ON CLUSTER `{{ cluster_name() }}`{% endif -%}
{%- endmacro %}

{% macro qualified(database, name) -%}
    `{{ database }}`.`{{ name }}`
{%- endmacro %}

{% macro quoted(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}

{# placement: sharded | everywhere (one replica set over all nodes) | per_node (each node its own) #}
{% macro data_name(name, placement) -%}
    {{ return(name ~ '_local' if cluster_name() and placement == 'sharded' else name) }}
{%- endmacro %}

{% macro engine_text(database, table, family, arguments, placement) -%}
    {%- set given = arguments | list -%}
    {%- if cluster_name() and placement != 'per_node' -%}
        {%- set group = '{shard}' if placement == 'sharded' else 'all' -%}
        {%- set replica = '{replica}' if placement == 'sharded' else '{shard}-{replica}' -%}
        {%- set path = '/clickhouse/tables/' ~ cluster_name() ~ '/' ~ group ~ '/' ~ database ~ '/' ~ table -%}
        Replicated{{ family }}({{ (["'" ~ path ~ "'", "'" ~ replica ~ "'"] + given) | join(', ') }})
    {%- else -%}
        {{ family }}({{ given | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{% macro create_data_table(database, name, shape) %}
    {%- set table = data_name(name, shape.placement) -%}
    CREATE TABLE IF NOT EXISTS {{ qualified(database, table) }}{{ on_cluster() }}
    ({{ shape.columns | join(', ') }})
    ENGINE = {{ engine_text(database, table, shape.family, shape.arguments, shape.placement) }}
    {% if shape.partition_by %}PARTITION BY {{ shape.partition_by }}{% endif %}
    {% if shape.primary_key %}PRIMARY KEY ({{ shape.primary_key }}){% endif %}
    ORDER BY ({{ shape.order_by }})
    COMMENT {{ quoted(shape.comment) }}
{% endmacro %}

{% macro create_front(database, name, shape) %}
    CREATE TABLE IF NOT EXISTS {{ qualified(database, name) }}{{ on_cluster() }}
    AS {{ qualified(database, name ~ '_local') }}
    ENGINE = Distributed('{{ cluster_name() }}', '{{ database }}', '{{ name }}_local', {{ shape.sharding_key }})
    COMMENT {{ quoted(shape.comment) }}
{% endmacro %}

{% macro create_feed(database, name, placement, sql) %}
    CREATE MATERIALIZED VIEW IF NOT EXISTS {{ qualified(database, name ~ '_mv') }}{{ on_cluster() }}
    TO {{ qualified(database, data_name(name, placement)) }}
    DEFINER = `{{ definer() }}` SQL SECURITY DEFINER
    AS {{ sql }}
{% endmacro %}

{% macro create_refresh(database, name, period, sql) %}
    CREATE MATERIALIZED VIEW IF NOT EXISTS {{ qualified(database, name ~ '_mv') }}{{ on_cluster() }}
    REFRESH {{ period }}
    TO {{ qualified(database, name) }}
    DEFINER = `{{ definer() }}` SQL SECURITY DEFINER
    AS {{ sql }}
{% endmacro %}

{% macro create_public_view(database, name, sql, comment) %}
    CREATE OR REPLACE VIEW {{ qualified(database, name) }}{{ on_cluster() }}
    AS {{ sql }}
    COMMENT {{ quoted(comment) }}
{% endmacro %}

{% macro drop_object(database, name) %}
    DROP TABLE IF EXISTS {{ qualified(database, name) }}{{ on_cluster() }} SYNC
{% endmacro %}

{# A system table of every node, or of the connected one. #}
{% macro everywhere(table) -%}
    {%- if cluster_name() -%} clusterAllReplicas('{{ cluster_name() }}', {{ table }}) {%- else -%} {{ table }} {%- endif -%}
{%- endmacro %}
