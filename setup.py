"""Packaging: the product's folders stand at the top of the repository and ship in the package."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
VERSION = re.search(
    r'__version__ = "(.+?)"', (HERE / "tutoraspects/__init__.py").read_text(encoding="utf8")
).group(1)  # type: ignore[union-attr]

# Folders of data that stand beside the package in a checkout and inside it once installed;
# tutoraspects.resources finds them in both places.
SHIPPED = ("templates", "patches", "dbt", "terraform")


def shipped_files(folder: str) -> list[str]:
    """Files of a shipped folder, relative to it: dotfiles count, caches do not."""
    return sorted(
        glob.escape(path.relative_to(HERE / folder).as_posix())
        for path in (HERE / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def package_files() -> list[str]:
    """Files of the package that are no modules, such as Alembic's templates and versions."""
    root = HERE / "tutoraspects"
    return sorted(
        glob.escape(path.relative_to(root).as_posix())
        for path in root.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not (path.suffix == ".py" and (path.parent / "__init__.py").exists())
    )


setup(
    name="tutor-contrib-aspects-cluster",
    version=VERSION,
    description="Aspects for clusters: learner analytics of Open edX for millions of events a day",
    long_description=(HERE / "README.md").read_text(encoding="utf8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=[
        *find_packages(include=["tutoraspects", "tutoraspects.*"]),
        *(f"tutoraspects.{folder}" for folder in SHIPPED),
    ],
    package_dir={f"tutoraspects.{folder}": folder for folder in SHIPPED},
    package_data={
        "tutoraspects": package_files(),
        **{f"tutoraspects.{folder}": shipped_files(folder) for folder in SHIPPED},
    },
    include_package_data=False,
    install_requires=[
        "tutor>=22,<23",
        "click>=8.1",
        "jinja2>=3.1",
        "jsonschema>=4",  # values of several environments against the charts
        "pyyaml>=6",
    ],
    extras_require={
        # What the `aspects` command needs inside the job image, where Tutor is not installed.
        # templates/aspects/build/aspects/requirements.txt pins it.
        "jobs": [
            "alembic>=1.14",
            "clickhouse-driver>=0.2.9",
            "orjson>=3.10",
            "pydantic>=2",  # specifications of dashboards
            "requests>=2.31",
            "dbt-core>=1.11,<1.12",  # 1.12 fetches a parser from the internet when installed
            "dbt-clickhouse>=1.10,<1.11",  # macros of dbt/ override its materializations
        ],
        # What `tutor aspects secrets` needs. kubernetes 37, which Tutor would take, wants a newer
        # python-dateutil than botocore does.
        "gitops": ["boto3>=1.35", "kubernetes<37"],
        "dev": [
            "argocd-source-lint==1.2.2",
            "boto3>=1.35",
            "kubernetes<37",  # see gitops
            "common-expression-language==0.10.0",
            "celery>=5.5,<5.7",  # 5.7 wants an older python-dateutil than Tutor does
            "clickhouse-connect>=0.8",
            "clickhouse-driver[lz4,zstd]>=0.2.9",
            "hypothesis>=6",
            "lz4>=4",
            "zstandard>=0.22",
            "kubernetes-validate==1.37.0",
            "lz4>=4",  # bench/insert_queue.py reads what Ralph sends
            "mkdocs>=1.6",
            "mkdocs-material>=9.5",
            "mypy>=1.13",
            "pytest>=8",
            "pytest-xdist>=3.8",
            # Its format changes between minor versions.
            "ruff>=0.17,<0.18",
            "types-PyYAML",
            "yamllint>=1.35",
            "build>=1.2",
            "compose-spec==0.2.1",
            "setuptools>=77",  # builds the package for the tests without an environment of its own
        ],
        "browser": ["playwright==1.65.2"],  # drives Debian's Chromium in tests/superset
    },
    entry_points={
        "tutor.plugin.v1": ["aspects = tutoraspects.entrypoint"],
        "console_scripts": ["aspects = tutoraspects.cli.job:main"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Plugins",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "Topic :: Education",
    ],
)
