"""One server process of the laboratory: start, wait until ready, stop, kill, measure."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
TICKS = os.sysconf("SC_CLK_TCK")

# The kernel ties a child to the thread that started it. Every child is therefore started by this
# one thread, which lives as long as the process: a caller's thread may end at any time.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lab-starter")


class LabError(RuntimeError):
    """The laboratory could not do what it was asked; the message names the process and its log."""


class Process:
    """A server in a session of its own: Ctrl-C at a terminal reaches only the laboratory."""

    def __init__(
        self, name: str, argv: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self.env = dict(env)
        self.cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running (or last) process."""
        if self._popen is None:
            raise LabError(f"{self.name} was never started")
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to `log`. Returns before it is ready."""
        if self.alive:
            raise LabError(f"{self.name} runs already")
        self.cwd.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self.argv]

        def spawn() -> subprocess.Popen[bytes]:
            with self.log.open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self.env,
                    cwd=self.cwd,
                    start_new_session=True,
                )

        self._popen = _starter.submit(spawn).result()

    def wait_ready(self, probe: Callable[[], bool], timeout: float = 60.0) -> None:
        """Poll `probe` until it is true. Raises LabError with the log's end if it stays false."""
        deadline = time.monotonic() + timeout
        while True:
            with contextlib.suppress(OSError):
                if probe():
                    return
            if not self.alive:
                raise LabError(f"{self.name} ended while starting; {self.log} ends:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self.name} is not ready after {timeout:.0f} s; "
                    f"{self.log} ends:\n{self.tail()}"
                )
            time.sleep(0.02)

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return "(no output)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal_group(self, number: int) -> None:
        """Signal the process and everything it started."""
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)

    def kill(self) -> None:
        """SIGKILL to the process and everything it started; returns when it is gone."""
        if self._popen is None:
            return
        self.signal_group(signal.SIGKILL)
        self._popen.wait()
        deadline = time.monotonic() + 5
        while self.members() and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self, timeout: float = 10.0) -> None:
        """SIGTERM, and SIGKILL to what is left of it after `timeout` seconds."""
        if self._popen is None:
            return
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout)
        self.kill()

    def members(self) -> list[int]:
        """Process ids of the session that still run: the process and its workers."""
        ids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [
            pid
            for pid in ids
            if (stat := _stat(pid)) and stat[0] != "Z" and int(stat[3]) == self.pid
        ]

    def cpu_seconds(self) -> float:
        """CPU time of the process and its workers so far, user and system, in seconds."""
        return sum(_cpu_seconds(pid) for pid in self.members())

    def memory_mib(self) -> float:
        """Resident memory of the process and its workers, in MiB (shared pages count each time)."""
        return sum(_resident_mib(pid) for pid in self.members())


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from its third field (state) on, see proc(5); empty for no process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return stat.rpartition(")")[2].split()


def _cpu_seconds(pid: int) -> float:
    """utime + stime of the process and of the children it has waited for (fields 14 to 17)."""
    return sum(int(value) for value in _stat(pid)[11:15]) / TICKS


def _resident_mib(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
