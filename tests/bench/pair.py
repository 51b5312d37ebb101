# SPDX-License-Identifier: ISC
"""Times two commands by turns, so that a busy moment of the machine meets both.

usage: pair.py RUNS COMMAND [COMMAND]     each one shell-quoted string

Prints for each command, in seconds: the median of its wall time and of its
CPU time, children included.
"""

import os
import shlex
import statistics
import subprocess
import sys
import time


def once(argv):
    start = time.perf_counter()
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(argv, stdin=null, stdout=null,
                                 stderr=subprocess.PIPE)
        said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{shlex.join(argv)}: exit {child.returncode}: "
                         f"{said.decode(errors='replace')[:400]}")
    return took, usage.ru_utime + usage.ru_stime


def main():
    runs = int(sys.argv[1])
    commands = [shlex.split(c) for c in sys.argv[2:]]
    for argv in commands:
        once(argv)
    got = [[] for _ in commands]
    for _ in range(runs):
        for at, argv in enumerate(commands):
            got[at].append(once(argv))
    for rows in got:
        wall, cpu = zip(*rows)
        print(statistics.median(wall), statistics.median(cpu))


main()
