"""Runs a module as a process that ends with its parent, on given cores.

    python -m aeai_tf.sweep.attached <parent's id> <cores> <module> [arguments]

A killed worker of Ray leaves its processes behind: this one gets a SIGTERM
then, so that training saves and stops. TensorFlow takes as many threads as
there are cores for it.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Attaches this process, then becomes the module."""
    _, parent, cores, module, *arguments = sys.argv
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # It died before it could be attached to.
        sys.exit(128 + signal.SIGTERM)
    os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
