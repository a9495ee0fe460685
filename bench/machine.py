"""What the figures were measured on: they mean nothing without it."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from tests.lab.lab import PARTS, Lab
from tutoraspects import __version__

ROOT = Path(__file__).resolve().parent.parent


def facts(lab: Lab | None = None) -> dict[str, str]:
    """Command, machine, versions, date and how busy the machine was when the benchmark began.

    Of servers only with a laboratory.
    """
    servers = {}
    if lab is not None:
        servers = {
            "ClickHouse": str(lab.client().execute("SELECT version()")[0][0]),
            "Ralph": (PARTS / "ralph").resolve().name.removeprefix("ralph-"),
        }
    return {
        "command": f"`{_command()}`",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{os.cpu_count()} x {_cpu()}",
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{_system()}, Linux {platform.release()}",
        "load average before": f"{os.getloadavg()[0]:.2f}",
        **servers,
        "Python": platform.python_version(),
        "aspects": f"{__version__}, commit {_commit()}",
    }


def _command() -> str:
    """What was typed, without the places where results are written."""
    words = iter(sys.argv[1:])
    kept = []
    for word in words:
        if word in ("--output", "--plot"):
            next(words, None)
        else:
            kept.append(word)
    module = Path(sys.argv[0]).resolve().parent.name
    return shlex.join(["python", "-m", f"bench.{module}", *kept])


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _system() -> str:
    release = platform.freedesktop_os_release()
    return release.get("PRETTY_NAME", "unknown system")


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
