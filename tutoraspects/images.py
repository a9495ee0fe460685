"""Images: two are built here, the others are pulled."""

from __future__ import annotations

from tutor.types import Config

from tutoraspects.resources import PACKAGE, resource_path
from tutoraspects.settings.setting import as_boolean
from tutoraspects.topology import plan

# The Dockerfile copies the installed package and the dbt project out of these named contexts, so
# that the image holds exactly what `tutor` runs with. Needs BuildKit, as Tutor's own images do.
_CONTEXTS = (
    f"--build-context=tutoraspects={PACKAGE}",
    f"--build-context=dbt={resource_path('dbt')}",
)

# (name, folder below env/, tag, arguments of `docker buildx build`)
BUILD: list[tuple[str, str | tuple[str, ...], str, tuple[str, ...]]] = [
    (
        "aspects",
        ("plugins", "aspects", "build", "aspects"),
        "{{ DOCKER_IMAGE_ASPECTS }}",
        _CONTEXTS,
    ),
    (
        "aspects-superset",
        ("plugins", "aspects", "build", "superset"),
        "{{ DOCKER_IMAGE_SUPERSET }}",
        _CONTEXTS[:1],
    ),
]

# (name, tag)
PUSH: list[tuple[str, str]] = [
    ("aspects", "{{ DOCKER_IMAGE_ASPECTS }}"),
    ("aspects-superset", "{{ DOCKER_IMAGE_SUPERSET }}"),
]


def pull(images: list[tuple[str, str]], config: Config) -> list[tuple[str, str]]:
    """Tutor's IMAGES_PULL: the images of what runs with these settings, and no other."""
    size = plan(config)
    wanted = [
        ("aspects", "{{ DOCKER_IMAGE_ASPECTS }}", True),
        ("clickhouse", "{{ DOCKER_IMAGE_CLICKHOUSE }}", size.own_clickhouse),
        ("clickhouse-keeper", "{{ ASPECTS_DOCKER_IMAGE_KEEPER }}", size.keepers > 0),
        ("ralph", "{{ DOCKER_IMAGE_RALPH }}", size.ralph_replicas > 0),
        (
            "aspects-superset",
            "{{ DOCKER_IMAGE_SUPERSET }}",
            as_boolean(config.get("RUN_SUPERSET")) is True,
        ),
    ]
    return [*images, *((name, tag) for name, tag, runs in wanted if runs)]
