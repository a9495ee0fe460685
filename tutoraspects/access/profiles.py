"""Settings profiles and quotas: every setting that throughput, safety or answers hang on.

All of them are written down although some equal the server's default, because the defaults
of ClickHouse 25.8 and 26.x differ in exactly these: asynchronous inserts, deduplication,
the output of ON CLUSTER. Nothing here may depend on which of the two is running.
"""

from __future__ import annotations

from tutoraspects.access.model import Profile, Quota, Setting

# The window in which the server collects small inserts into one block. Each block is planned and
# stored anew: with its views that costs 20 to 30 ms of CPU on every shard it goes to, as much as
# hundreds of rows. So what counts is how few blocks there are. The window is adaptive: from
# 1000 / MIN_MS = 10 inserts a second on it widens to MAX_MS, which leaves five blocks a second, and
# as many new parts in the raw and in the parsed table; with fewer inserts there are fewer blocks
# anyway, and an insert that comes alone waits for nobody. The price is paid by Ralph's workers,
# which do one request at a time: under load each does up to five batches a second. More workers
# are cheaper than more blocks. `python -m bench.ingest` measures both.
ASYNC_INSERT_MIN_MS = 100
ASYNC_INSERT_MAX_MS = 200
# A larger batch does not wait for the window at all.
ASYNC_INSERT_MAX_BYTES = 10 * 1024 * 1024
ASYNC_INSERT_MAX_QUERIES = 450

# The LMS sends one row per saved model from a Celery worker that nobody waits for.
SINK_ASYNC_INSERT_MIN_MS = 50
SINK_ASYNC_INSERT_MAX_MS = 200

REPORT_MAX_SECONDS = 120
REPORT_MAX_RESULT_ROWS = 1_000_000


def declare_profiles(memory_mib: int, quorum: int) -> tuple[Profile, ...]:
    """Profiles for nodes with `memory_mib` MiB of memory each.

    `quorum`: replicas that must confirm a block before it is acknowledged, 0 for the one that
    took it. With two replicas a quorum would be both, and the loss of either would stop every
    write: there it is 0, a node loss may cost the last block before it, and the event archive
    covers that.
    """
    node = memory_mib * 1024 * 1024
    return (
        Profile("default", "Under every user's own profile, and of the server's own work.", _BASE),
        Profile(
            "ingest",
            "Ralph and Vector: small inserts, acknowledged when stored.",
            _ingest(ASYNC_INSERT_MIN_MS, ASYNC_INSERT_MAX_MS, quorum, node),
        ),
        Profile(
            "sink",
            "The LMS's copies of its models: CSV, one row or one course at a time.",
            (
                *_ingest(SINK_ASYNC_INSERT_MIN_MS, SINK_ASYNC_INSERT_MAX_MS, quorum, node),
                Setting(
                    "mutations_sync",
                    1,
                    "a retired user's rows are gone from the node that "
                    "answered when it answers; the others follow from Keeper",
                ),
            ),
        ),
        Profile("report", "People and dashboards: read, within limits.", _report(node)),
        Profile("jobs", "Schema changes, dbt, backfills, backups.", _jobs(node)),
        Profile(
            "monitor",
            "Exporters and checks: cheap, or not at all.",
            (
                Setting("readonly", 2, "read; clients may still set harmless settings", "const"),
                Setting(
                    "max_execution_time",
                    30,
                    "a check that takes longer is itself the problem",
                    "max",
                ),
                Setting(
                    "max_memory_usage", node // 10, "watching must not hurt what is watched", "max"
                ),
            ),
        ),
        Profile(
            "closed",
            "For a user that may do nothing.",
            (Setting("readonly", 1, "no writing, no changing of settings", "const"),),
        ),
    )


_BASE = (
    Setting("log_queries", 1, "the operator dashboard and every investigation read query_log"),
    Setting("log_query_threads", 0, "a row per thread costs more than it ever told anyone"),
    Setting(
        "distributed_foreground_insert",
        1,
        "an INSERT through a Distributed table returns "
        "when the shard has the rows, not when the initiator has queued a file",
    ),
    Setting(
        "distributed_insert_skip_read_only_replicas",
        1,
        "a replica that lost Keeper cannot take the rows: use the other",
    ),
    Setting("skip_unavailable_shards", 0, "half an answer is a wrong answer"),
    Setting("materialized_views_ignore_errors", 0, "a row that is not parsed is not acknowledged"),
    Setting(
        "insert_deduplicate",
        1,
        "an INSERT that is sent again with the same block, within "
        "replicated_deduplication_window, is stored once",
    ),
    Setting(
        "async_insert_deduplicate",
        0,
        "before 26.2: deduplication of asynchronous inserts "
        "cannot be had together with that of materialized views; the ReplacingMergeTree "
        "tables collapse what comes twice",
    ),
    Setting(
        "deduplicate_insert",
        "enable",
        "26.2 and later: one rule for both kinds of insert, in place of the two above",
    ),
    Setting("deduplicate_insert_select", "enable_when_possible", "a backfill that is run again"),
    Setting(
        "deduplicate_blocks_in_dependent_materialized_views",
        1,
        "a block that the raw table "
        "refuses as already there is not parsed a second time, and one whose views failed "
        "half-way is completed when it is sent again",
    ),
    Setting("date_time_input_format", "best_effort", "xAPI timestamps are ISO 8601 with a zone"),
    Setting(
        "http_max_field_name_size",
        1048576,
        "1 MiB: the sinks of large courses pass 128 KiB. "
        "Read before the user is known, so it stands here",
    ),
    Setting("http_max_field_value_size", 1048576, "the same for values"),
    Setting("max_bytes_ratio_before_external_group_by", 0.5, "spill to disk, do not fail"),
    Setting("max_bytes_ratio_before_external_sort", 0.5, "spill to disk, do not fail"),
    Setting("distributed_ddl_task_timeout", 180, "seconds that ON CLUSTER waits for every node"),
    Setting(
        "distributed_ddl_output_mode",
        "throw",
        "a node that failed or did not answer is an error, not a row in a table that nobody reads",
    ),
)


def _ingest(window_min: int, window_max: int, quorum: int, node: int) -> tuple[Setting, ...]:
    return (
        Setting("async_insert", 1, "collect small inserts into one block and one part"),
        Setting("wait_for_async_insert", 1, "acknowledge after the flush: 2xx means stored"),
        Setting("async_insert_use_adaptive_busy_timeout", 1, "short window when quiet"),
        Setting(
            "async_insert_busy_timeout_min_ms",
            window_min,
            "the shortest window; an insert that comes alone waits for nobody",
        ),
        Setting(
            "async_insert_busy_timeout_max_ms",
            window_max,
            "window under load; parts a second and table are at most 1000 divided by this",
        ),
        Setting("async_insert_max_data_size", ASYNC_INSERT_MAX_BYTES, "flush at once from here"),
        Setting("async_insert_max_query_number", ASYNC_INSERT_MAX_QUERIES, "or from here"),
        Setting(
            "insert_quorum",
            quorum,
            "replicas that must have a block before it is "
            "acknowledged: ASPECTS_CLICKHOUSE_INSERT_QUORUM",
        ),
        Setting("insert_quorum_parallel", 1, "many inserts at a time may wait for their quorum"),
        Setting("insert_quorum_timeout", 30000, "ms; then an error, and the client retries"),
        Setting("insert_keeper_max_retries", 20, "ride out a Keeper election"),
        Setting(
            "load_balancing",
            "first_or_random",
            "write to and look up in the same replica "
            "of a shard while it lives, so that Ralph finds what the other has not fetched yet",
        ),
        Setting("prefer_localhost_replica", 0, "for the same reason: whichever node is asked"),
        Setting("max_threads", 1, "looking ids up is over before a second thread has begun"),
        Setting("use_query_condition_cache", 0, "nobody asks for the same ids twice"),
        Setting(
            "use_skip_indexes_on_data_read",
            0,
            "the index leaves nothing to read, as a rule: ask it first and be done",
        ),
        Setting(
            "max_partitions_per_insert_block",
            1000,
            "a replay of decades has some hundred months in one block; the raw and parsed tables "
            "put impossible years into one partition, so there cannot be more than 601",
        ),
        Setting(
            "throw_on_max_partitions_per_insert_block",
            0,
            "statements with wild dates must not make the rest of their block fail",
        ),
        Setting("max_execution_time", 60, "seconds; the client has given up by then"),
        Setting("max_memory_usage", node // 2, "bytes per insert on one node"),
    )


def _report(node: int) -> tuple[Setting, ...]:
    return (
        Setting(
            "readonly",
            2,
            "read only; 2 and not 1 because Superset's client sets harmless "
            "settings on connecting. Those below cannot be raised",
            "const",
        ),
        Setting("max_execution_time", REPORT_MAX_SECONDS, "seconds", "max"),
        Setting("timeout_overflow_mode", "throw", "an error, not a part of the answer", "const"),
        Setting("max_memory_usage", node // 4, "bytes per query on one node: a quarter", "max"),
        Setting(
            "max_memory_usage_for_user",
            node // 2,
            "bytes for all its queries together: half a node stays for inserts and merges",
            "max",
        ),
        Setting("max_result_rows", REPORT_MAX_RESULT_ROWS, "an export, not a chart", "most"),
        Setting("result_overflow_mode", "throw", "never a silently shortened result", "const"),
        Setting("max_concurrent_queries_for_user", 60, "the rest queues in Superset", "max"),
        Setting(
            "final",
            1,
            "rows that came twice and are not merged yet count once, whatever SQL "
            "a person writes; a query may say `SETTINGS final = 0` where it knows better",
        ),
        Setting(
            "do_not_merge_across_partitions_select_final",
            0,
            "equal keys in two partitions "
            "still collapse; the server skips that work where the keys rule it out",
        ),
        Setting("load_balancing", "random", "spread over the replicas"),
        Setting("cancel_http_readonly_queries_on_client_close", 1, "a closed tab stops its query"),
        Setting("use_query_cache", 0, "Superset caches; two caches cannot both be invalidated"),
        Setting("max_ast_elements", 200000, "dashboards with long IN lists"),
    )


def _jobs(node: int) -> tuple[Setting, ...]:
    return (
        Setting("async_insert", 0, "jobs write large blocks and want their errors at once"),
        Setting("max_execution_time", 0, "a backfill takes as long as it takes"),
        Setting("max_memory_usage", node * 7 // 10, "bytes per query on one node"),
        Setting("alter_sync", 2, "an ALTER is done when every replica has done it"),
        Setting("mutations_sync", 2, "the same for UPDATE and DELETE"),
        Setting("load_balancing", "first_or_random", "a job reads what it has written"),
    )


def declare_quotas() -> tuple[Quota, ...]:
    """Quotas by the hour. Writers are counted and never limited: a refused event is lost."""
    return (
        Quota("ingest", "Counted, never limited: a refused event may be lost."),
        Quota(
            "report",
            "Stops a runaway script, not a busy day: 20 queries a second.",
            queries=72_000,
            errors=20_000,
            execution_time=72_000,
        ),
        Quota("jobs", "Counted, never limited."),
        Quota("monitor", "Ten a second.", queries=36_000),
    )
