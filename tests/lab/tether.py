"""Run a command that dies with the process that started it.

python tether.py PARENT_PID COMMAND [ARGUMENT ...]

The kernel kills the command when the thread that started it ends (PR_SET_PDEATHSIG), so that
nothing is left behind when the laboratory's own process is killed and cannot clean up. A script of
its own, not a preexec_fn: code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Ask for SIGKILL at the parent's end; end at once when it has already gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the laboratory ended before this process began")


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
