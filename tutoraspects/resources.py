"""Where the shipped folders are, whichever way the package was installed."""

from __future__ import annotations

from pathlib import Path

from tutoraspects.errors import AspectsError

PACKAGE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """Return the folder `templates`, `patches`, `dbt` or `terraform`.

    A wheel or sdist install holds these folders inside the package. In a checkout
    (`pip install -e .`) they stand beside it: setuptools' editable finder serves only
    folders with an `__init__.py`, so the path is resolved here and nowhere else.

    Raises AspectsError when neither place has the folder.
    """
    for root in (PACKAGE, PACKAGE.parent):
        path = root / name
        if path.is_dir():
            return path
    raise AspectsError(
        f"The folder '{name}' is missing from the installation in {PACKAGE}: "
        "reinstall it with `pip install --force-reinstall tutor-contrib-aspects-cluster`."
    )
