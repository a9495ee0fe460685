{# A public mart: a view on every node, replaced at once, and only when it has changed. #}
{% materialization mart_view, adapter='clickhouse' %}
    {%- set types = {} -%}
    {%- for name, column in model.columns.items() %}{% do types.update({name: column.data_type}) %}{% endfor -%}
    {%- set mark = fingerprint(sql ~ model.description ~ tojson(types, sort_keys=True)) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if is_current(this, mark) -%}
        {% call noop_statement('main', 'unchanged') %}{% endcall %}
    {%- else -%}
        {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif -%}
        {% call statement('main') -%}
            {{ create_public_view(this.schema, this.identifier, sql, comment_of(model.description, mark)) }}
        {%- endcall %}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
