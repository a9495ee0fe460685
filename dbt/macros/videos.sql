{# One row per learner and video: its length and the intervals that were watched, [start, end) in whole
   seconds. Statements are put in order here, whichever block or shard they came in, and copies left
   out: playing goes on after `played` and over seeks, until a pause or an end. #}
{% macro watched() -%}
    (
        SELECT
            org, course_key, object_id, actor_id, length AS video_duration,
            arrayFilter(kept -> kept.2 > kept.1, arrayMap(
                (playing, kind, at, to_position, next_kind, next_position, event) -> (
                    if(playing = 1, if(kind = 1 AND length > 0 AND at >= length, 0, to_position), 0),
                    if(playing = 1 AND next_kind != 1, next_position, 0),
                    toDateTime(event.1)
                ),
                arrayPopBack(playings), arrayPopBack(kinds), arrayPopBack(befores), arrayPopBack(afters), arrayPopFront(kinds), arrayPopFront(befores), arrayPopBack(events)
            )) AS spans
        FROM (
            SELECT
                org, course_key, object_id, actor_id,
                toInt64(ceil(max(longest))) AS length,
                arrayCompact(arraySort(groupArrayArray(statements))) AS events,
                arrayMap(event -> event.3, events) AS kinds,
                arrayFill(kind -> kind != 3, kinds) AS playings,
                arrayMap(event -> {{ cut('event.4') }}, events) AS befores,
                arrayMap(event -> {{ cut('event.5') }}, events) AS afters
            FROM (
                SELECT org, course_key, object_id, actor_id, length AS longest, events AS statements
                FROM {{ ref('int_video_statements') }}
                WHERE {{ not_retired() }}
                SETTINGS final = 0
            )
            GROUP BY org, course_key, object_id, actor_id
        )
    )
{%- endmacro %}

{# A position within the video, or within a day when its length is not known, in whole seconds. #}
{% macro cut(position) -%}
    toInt64(ceil(greatest(0., least({{ position }}, if(length > 0, toFloat64(length), 86400.)))))
{%- endmacro %}

{% macro is_video(block) -%}
    {{ return(is_block(block, 'video')) }}
{%- endmacro %}

{# `watched` with what its spans add up to: stretches (from, to, times watched), each between two
   neighbouring ends of spans, and no second in two of them. #}
{% macro stretches() -%}
    (
        SELECT org, course_key, object_id, actor_id, video_duration, spans,
            arraySort(arrayConcat(arrayMap(span -> (span.1, 1), spans), arrayMap(span -> (span.2, -1), spans))) AS ends,
            arrayFilter(stretch -> stretch.3 > 0 AND stretch.2 > stretch.1, arrayMap(
                (from, to, times) -> (from.1, to.1, times),
                arrayPopBack(ends), arrayPopFront(ends), arrayPopBack(arrayCumSum(end -> end.2, ends))
            )) AS stretches
        FROM {{ watched() }}
        WHERE notEmpty(spans)
    )
{%- endmacro %}
