# Wait for ClickHouse, then make or update everything in it, on every node: schema, then marts. Runs in the image DOCKER_IMAGE_ASPECTS.
python - <<'PYTHON'
import os
import sys
import time
import urllib.error
import urllib.request

scheme = "https" if os.environ["ASPECTS_CLICKHOUSE_SECURE"] == "1" else "http"
address = f"{os.environ['ASPECTS_CLICKHOUSE_HOST']}:{os.environ['ASPECTS_CLICKHOUSE_HTTP_PORT']}"
deadline = time.monotonic() + 600
print(f"Waiting for ClickHouse at {address}, at most 10 minutes", flush=True)
while True:
    try:
        with urllib.request.urlopen(f"{scheme}://{address}/ping", timeout=5):
            break
    except (OSError, urllib.error.URLError) as error:
        if time.monotonic() > deadline:
            sys.exit(
                f"ClickHouse does not answer at {address} ({error}): see `kubectl get pods` or "
                "`tutor local logs clickhouse`, and CLICKHOUSE_HOST if it runs elsewhere."
            )
        time.sleep(3)
PYTHON
aspects schema upgrade
# What settings may have changed in tables that exist: how long events are kept.
aspects schema sync --without-replication
# The reporting tables and views; what has not changed is left alone.
aspects dbt run