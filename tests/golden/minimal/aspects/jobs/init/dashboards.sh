# Import the dashboards into Superset once it answers. Runs in the image DOCKER_IMAGE_ASPECTS; may run any number of times.
python - <<'PYTHON'
import os
import sys
import time
import urllib.error
import urllib.request

address = f"{os.environ['ASPECTS_SUPERSET_URL']}/health"
deadline = time.monotonic() + 600
print(f"Waiting for Superset at {address}, at most 10 minutes", flush=True)
while True:
    try:
        with urllib.request.urlopen(address, timeout=5):
            break
    except (OSError, urllib.error.URLError) as error:
        if time.monotonic() > deadline:
            sys.exit(
                f"Superset does not answer at {address} ({error}): see `kubectl get pods` or "
                "`tutor local logs superset`."
            )
        time.sleep(3)
PYTHON
aspects dashboards import