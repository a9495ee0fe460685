"""A guest token by platform-plugin-aspects, as its view asks for one; run in its own environment.

Reads {"course": ..., "settings": {...}} and prints the token.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

from django.conf import settings
from opaque_keys.edx.keys import CourseKey

given = json.load(sys.stdin)
settings.configure(DEBUG=False, **given["settings"])

from platform_plugin_aspects.utils import (  # noqa: E402
    DEFAULT_FILTERS_FORMAT,
    generate_guest_token,
)

token = generate_guest_token(
    user=SimpleNamespace(username="anna"),
    course=CourseKey.from_string(given["course"]),
    dashboards=settings.ASPECTS_INSTRUCTOR_DASHBOARDS,
    filters=DEFAULT_FILTERS_FORMAT,
)
print(token)
