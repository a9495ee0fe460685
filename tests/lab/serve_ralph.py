"""Ralph's server process: `python -m uvicorn`, whose workers also die with the laboratory.

python serve_ralph.py UVICORN_ARGUMENT ...

uvicorn starts its workers with multiprocessing's spawn, which imports this script in every worker:
the call below ties each worker to the process above it, as tether.py ties that one to the laboratory.
"""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

if __name__ == "__main__":
    from uvicorn.main import main

    sys.argv[0] = "uvicorn"
    main()
