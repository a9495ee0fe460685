# Tell the LMS where statements go. Runs in the LMS; may run any number of times.
./manage.py lms shell <<'PYTHON'
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

from edx_django_utils.cache.utils import TieredCache, get_cache_key
from event_routing_backends.models import RouterConfiguration

OWN_URL = "http://ralph:8100/xAPI/"
URL = 'http://ralph:8100/xAPI/'
USERNAME = 'lms'
SECRETS = "/openedx/config/aspects/lms/secrets.json"


def password():
    """From the environment on Kubernetes, from a file with Docker Compose."""
    if "RALPH_LMS_PASSWORD" in os.environ:
        return os.environ["RALPH_LMS_PASSWORD"]
    with open(SECRETS, encoding="utf8") as secrets_file:
        return json.load(secrets_file)["RALPH_LMS_PASSWORD"]


def status_of(path, headers=None):
    """HTTP status of Ralph's answer, or the reason why there is none."""
    request = urllib.request.Request(OWN_URL.replace("/xAPI/", path), headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)


def wait_for_ralph():
    deadline = time.monotonic() + 600
    print(f"Waiting for Ralph at {OWN_URL}, at most 10 minutes", flush=True)
    while (status := status_of("/__heartbeat__")) != 200:
        if time.monotonic() > deadline:
            sys.exit(
                f"Ralph is not ready at {OWN_URL} ({status}): see its log, and run the init task of "
                "`aspects` first, which creates its database."
            )
        time.sleep(3)
    token = base64.b64encode(f"{USERNAME}:{password()}".encode()).decode()
    status = status_of("/whoami", {"Authorization": f"Basic {token}"})
    if status != 200:
        sys.exit(
            f"Ralph refuses the user {USERNAME} ({status}): RALPH_LMS_HASHED_PASSWORD is not the hash "
            "of RALPH_LMS_PASSWORD; remove it with `tutor config save --unset RALPH_LMS_HASHED_PASSWORD`."
        )


def route(url, **wanted):
    """Make the newest row of a URL say what is wanted; a new row is written only for a change."""
    rows = RouterConfiguration.objects.filter(route_url=url)
    current = rows.order_by("-change_date", "-id").first()
    if current is None and not wanted["enabled"]:
        return
    if current and all(getattr(current, name) == value for name, value in wanted.items()):
        print(f"The route to {url} is up to date")
        return
    kept = {"configurations": current.configurations} if current else {}
    RouterConfiguration(route_url=url, backend_name="xAPI", **kept, **wanted).save()
    # Routers are cached for minutes, under the name by which the backend asks for them.
    key = get_cache_key(namespace="event_routing_backends", resource="xapi")
    TieredCache.delete_all_tiers(key)
    print(f"The route to {url} is now {'on' if wanted['enabled'] else 'off'}")


if URL == OWN_URL:
    wait_for_ralph()
else:
    # Nothing listens there any more: without this, every statement would be tried for an hour.
    route(OWN_URL, enabled=False)
if URL:
    route(URL, enabled=True, auth_scheme="Basic", username=USERNAME, password=password())
for other in RouterConfiguration.objects.current_set().filter(enabled=True):
    if other.backend_name == "xAPI" and other.route_url != URL:
        print(f"Statements also go to {other.route_url}; if that is not wanted, switch the route off "
              "at /admin/event_routing_backends/routerconfiguration/")
PYTHON
# Let people log in to Superset with their accounts here. The secret reaches the command by its
# environment, and the argument list of a process in this container only.
aspects_secret() {
    python - "$1" <<'PYTHON'
import json, os, sys
name, path = sys.argv[1], "/openedx/config/aspects/lms/secrets.json"
print(os.environ[name] if name in os.environ else json.load(open(path))[name])
PYTHON
}
./manage.py lms manage_user superset superset@apache
aspects_application() {
    ./manage.py lms create_dot_application --grant-type authorization-code \
        --redirect-uris "$2/oauth-authorized/openedxsso" --client-id "$3" \
        --client-secret "$(aspects_secret SUPERSET_OAUTH2_CLIENT_SECRET)" --scopes "user_id" \
        --update "$1" superset
}
aspects_application superset-sso "http://superset.lms.example.org" "$(aspects_secret SUPERSET_OAUTH2_CLIENT_ID)"
if [ -e /openedx/config/aspects/lms/secrets.json ]; then
    # `tutor dev` and `tutor local` share their database.
    aspects_application superset-sso-dev "http://superset.lms.example.org:8088" "$(aspects_secret SUPERSET_OAUTH2_CLIENT_ID_DEV)"
fi