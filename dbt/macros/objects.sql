{# What stands in the database, asked on every node. A view's comment ends in the fingerprint of
   what it was made from: an unchanged model is left alone. #}

{% macro fingerprint(text) -%}
    {{ return(local_md5(text)[:10]) }}
{%- endmacro %}

{% macro comment_of(model_description, mark) -%}
    {{ return((model_description | trim | replace("\n", " ")) ~ ' [' ~ mark ~ ']') }}
{%- endmacro %}

{# The first column of the first row, as text. #}
{% macro ask(query) -%}
    {%- set found = run_query(query) -%}
    {{ return(found.columns[0].values()[0] | string if found.rows | length else '') }}
{%- endmacro %}

{# Whether every node has the public view with this mark, and all of `parts` beside it. Raises when
   something else than a view stands in its place: that may hold data. #}
{% macro is_current(relation, mark, parts=[]) -%}
    {%- set names = [relation.identifier] + parts -%}
    {%- set found = run_query(
        "SELECT countIf(name = '" ~ relation.identifier ~ "' AND endsWith(comment, '[" ~ mark ~ "]')), "
        ~ "countIf(name != '" ~ relation.identifier ~ "'), "
        ~ "countIf(name = '" ~ relation.identifier ~ "' AND engine != 'View'), "
        ~ "(SELECT count() FROM " ~ everywhere('system.one') ~ ") "
        ~ "FROM " ~ everywhere('system.tables')
        ~ " WHERE database = '" ~ relation.schema ~ "' AND name IN ('" ~ (names | join("', '")) ~ "')"
    ).rows[0] -%}
    {%- if found[2] | int -%}
        {%- do exceptions.raise_compiler_error(
            relation.schema ~ '.' ~ relation.identifier ~ ' is a table of another system, such as upstream, '
            ~ 'where this project makes a view: rename or drop it and its materialized view first.'
        ) -%}
    {%- endif -%}
    {{ return(found[0] | int == found[3] | int and found[1] | int == (parts | length) * (found[3] | int)) }}
{%- endmacro %}

{# Whether the connected node shows this version to readers; other nodes may lack it. #}
{% macro is_live(relation, mark) -%}
    {{ return(ask(
        "SELECT count() FROM system.tables WHERE database = '" ~ relation.schema ~ "' AND name = '"
        ~ relation.identifier ~ "' AND endsWith(comment, '[" ~ mark ~ "]')"
    ) != '0') }}
{%- endmacro %}

{# What a killed run left of a version that nobody reads: it may hold events that retention has deleted
   since, which no proof would explain. #}
{% macro drop_unfinished(relation, built) -%}
    {%- for name in [built ~ '_mv', built, built ~ '_local'] -%}
        {%- do run_query(drop_object(relation.schema, name)) -%}
    {%- endfor -%}
{%- endmacro %}

{# Drops the objects of earlier fingerprints: feeds first, so that no insert meets half of them. #}
{% macro drop_earlier(relation, built) -%}
    {%- set found = run_query(
        "SELECT DISTINCT name, multiIf(endsWith(name, '_mv'), 0, endsWith(name, '_local'), 2, 1) AS place "
        ~ "FROM " ~ everywhere('system.tables') ~ " WHERE database = '" ~ relation.schema
        ~ "' AND match(name, '^" ~ relation.identifier ~ "_v[0-9a-f]{10}(_mv|_local)?$') "
        ~ "AND NOT startsWith(name, '" ~ built ~ "') ORDER BY place, name"
    ) -%}
    {%- for row in found.rows -%}
        {%- do run_query(drop_object(relation.schema, row[0])) -%}
    {%- endfor -%}
{%- endmacro %}
