"""Superset imports this module by its name; a copy of it stands on the image's PYTHONPATH."""

from tutoraspects.superset.config import *  # noqa: F403
from tutoraspects.superset.environment import patch

# The patch points superset-config and superset-config-docker.
patch("config_patch.py", globals())
