"""Wires everything into Tutor; does nothing else."""

from __future__ import annotations

from pathlib import Path

from tutor import fmt, hooks
from tutor.types import Config

from tutoraspects import images, settings, tasks, templating
from tutoraspects.cli import do
from tutoraspects.cli import plugin as cli
from tutoraspects.gitops import export as gitops
from tutoraspects.refusal import one_sentence
from tutoraspects.resources import resource_path
from tutoraspects.settings import validation

# Settings
hooks.Filters.CONFIG_DEFAULTS.add_items(settings.defaults("default"))
hooks.Filters.CONFIG_UNIQUE.add_items(settings.defaults("unique"))
hooks.Filters.CONFIG_OVERRIDES.add_items(settings.defaults("override"))


@hooks.Actions.CONFIG_LOADED.add()
def _check_settings(config: Config) -> None:
    """Fires after the settings are rendered and before any file is."""
    filters = hooks.Filters
    declared = (filters.CONFIG_DEFAULTS, filters.CONFIG_UNIQUE, filters.CONFIG_OVERRIDES)
    with one_sentence():
        validation.validate(config, {name for names in declared for name, _ in names.iterate()})
    for notice in validation.notices(config):
        fmt.echo_alert(notice)


# Templates: templates/aspects/<folder> is rendered to env/plugins/aspects/<folder>
hooks.Filters.ENV_TEMPLATE_ROOTS.add_item(str(resource_path("templates")))
hooks.Filters.ENV_TEMPLATE_TARGETS.add_items(
    [(f"aspects/{folder}", "plugins") for folder in ("apps", "build", "jobs", "k8s")]
)
# With Docker Compose the LMS and its kin mount this folder as /openedx/config; no ConfigMap holds
# what a plugin puts there.
hooks.Filters.ENV_TEMPLATE_TARGETS.add_item(("aspects/lms", "apps/openedx/config"))
for path in sorted(resource_path("patches").iterdir()):
    if path.is_file() and not path.name.startswith("."):
        hooks.Filters.ENV_PATCHES.add_item((path.name, path.read_text(encoding="utf8")))
hooks.Filters.ENV_TEMPLATE_FILTERS.add_items(templating.FILTERS)
hooks.Filters.ENV_TEMPLATE_VARIABLES.add_items(templating.VARIABLES)


@hooks.Actions.ENV_SAVED.add()
def _export_gitops(root: str, config: Config) -> None:
    """Helm charts and Argo CD applications from the manifests that were just rendered. `root` is
    the folder `env`, whatever the hook's documentation says."""
    with one_sentence():
        gitops.save(Path(root), config)


# Init tasks: (service, template, priority), the template relative to templates/
for service, template, priority in tasks.INIT_TASKS:
    script = (resource_path("templates") / template).read_text(encoding="utf8")
    hooks.Filters.CLI_DO_INIT_TASKS.add_item((service, script), priority=priority)
hooks.Filters.CLI_DO_INIT_TASKS.add(priority=tasks.LAST)(tasks.of_what_runs)

# Images
hooks.Filters.IMAGES_BUILD.add_items(images.BUILD)
hooks.Filters.IMAGES_PULL.add()(images.pull)
hooks.Filters.IMAGES_PUSH.add_items(images.PUSH)

# Commands
hooks.Filters.CLI_COMMANDS.add_items(cli.COMMANDS)
hooks.Filters.CLI_DO_COMMANDS.add_items([*do.COMMANDS])
