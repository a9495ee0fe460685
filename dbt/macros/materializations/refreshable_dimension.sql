{# A small table that every node computes for itself from tables that it holds whole (event_sink), and
   computes anew every `period`. Hence no replication, which a refreshed table could not have in an
   Atomic database, and no dictionary. The model's name is a view of `<name>_v<fingerprint>`. #}
{% materialization refreshable_dimension, adapter='clickhouse' %}
    {%- set shape = {
        'family': 'MergeTree', 'arguments': [], 'columns': config.require('columns'),
        'order_by': config.require('order_by'), 'placement': 'per_node',     } -%}
    {%- set period = config.require('period') -%}
    {%- set mark = fingerprint(sql ~ period ~ tojson(shape, sort_keys=True)) -%}
    {%- do shape.update({'comment': model.description | trim}) -%}
    {%- set built = this.identifier ~ '_v' ~ mark -%}
    {{ run_hooks(pre_hooks) }}
    {%- if is_current(this, mark, [built, built ~ '_mv']) -%}
        {% call noop_statement('main', 'unchanged') %}{% endcall %}
    {%- else -%}
        {%- do run_query(create_data_table(this.schema, built, shape)) -%}
        {%- do run_query(create_refresh(this.schema, built, period, sql)) -%}
        {%- do wait_for_refresh(built) -%}
        {% call statement('main') -%}
            {{ create_public_view(this.schema, this.identifier,
                'SELECT * FROM ' ~ qualified(this.schema, built), comment_of(model.description, mark)) }}
        {%- endcall %}
    {%- endif -%}
    {%- do drop_earlier(this, built) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{# Until every node has computed it once; ten minutes at most. #}
{% macro wait_for_refresh(built) -%}
    {%- for _ in range(3000) -%}
        {%- set found = run_query(
            "SELECT countIf(last_success_time IS NOT NULL), anyIf(exception, exception != ''), sleep(0.2), "
            ~ "(SELECT count() FROM " ~ everywhere('system.one') ~ ") FROM " ~ everywhere('system.view_refreshes')
            ~ " WHERE database = '" ~ this.schema ~ "' AND view = '" ~ built ~ "_mv'"
        ).rows[0] -%}
        {%- if found[0] | int == found[3] | int %}{{ return('') }}{% endif -%}
        {%- if found[1] -%}
            {%- do exceptions.raise_compiler_error(this.identifier ~ ' cannot be refreshed: ' ~ found[1]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        this.identifier ~ ' was not computed within ten minutes on every node: see system.view_refreshes there.'
    ) -%}
{%- endmacro %}
