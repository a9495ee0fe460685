"""Ralph's server process: `python -m uvicorn`, whose workers also die with the laboratory.

python serve_ralph.py UVICORN_ARGUMENT ...

uvicorn starts its workers with multiprocessing's spawn, which imports this script in every worker:
the call below ties each worker to the process above it, as tether.py ties that process to the
laboratory.
"""

import ctypes
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
# The folder of this script holds the laboratory's ralph.py, which is not the package.
sys.path[:] = [path for path in sys.path if Path(path) != Path(__file__).parent]

if __name__ == "__main__":
    from uvicorn.main import main  # type: ignore[import-not-found]  # of Ralph's environment

    sys.argv[0] = "uvicorn"
    main()
