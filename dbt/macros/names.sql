{# Names from the environment of the `aspects` command: tutoraspects/schema/names.py reads the same. #}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}

{% macro cluster_name() -%}
    {{ return(env_var('ASPECTS_CLICKHOUSE_CLUSTER', '')) }}
{%- endmacro %}

{# The user whose rights the materialized views use: the one who makes them. #}
{% macro definer() -%}
    {{ return(target.user) }}
{%- endmacro %}

{% macro parsed_table() -%}
    {{ return(env_var('ASPECTS_RAW_XAPI_TABLE', 'xapi_events_all') ~ '_parsed') }}
{%- endmacro %}

{% macro pii_enabled() -%}
    {{ return(env_var('ASPECTS_ENABLE_PII', '0') | lower in ['1', 'true', 'yes', 'on']) }}
{%- endmacro %}
