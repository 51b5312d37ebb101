#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Does what certbot does around its hooks, for torture.py: holds its lock, has
the response served, has it removed whatever came of that, and is gone.

usage: as_certbot.py FOLDER auth|cleanup PLAIN PROGRAM ARGUMENT... hook NAME

The one that is named runs as PROGRAM, which is what fails, the other one as
PLAIN.  FOLDER/served: what a CA would have seen.  The exit status is that of
PROGRAM; 99 where something is left in the background.
"""

import fcntl
import os
import subprocess
import sys
import time

d, which, plain, program = sys.argv[1:5]
args = sys.argv[5:-1]
token = os.environ["CERTBOT_TOKEN"]


def hook(name):
    env = dict(os.environ)
    if name != which:
        env.pop("ACMEFERRY_FAULT", None)
    p = program if name == which else plain
    code = subprocess.run([p] + args + [name], env=env).returncode
    return code if code >= 0 else 128 - code


def background():
    """The processes of this folder that hooks have left."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        except OSError:
            continue
        if f"{d}/config.yml".encode() in words and b"hook" in words and \
                int(pid) != os.getpid():
            yield pid



def certbot():
    lock = open(f"{d}/etc/.certbot.lock", "w")
    fcntl.lockf(lock, fcntl.LOCK_EX)
    status = {"auth": hook("auth")}
    if status["auth"] == 0:
        path = f"{d}/www/.well-known/acme-challenge/{token}"
        try:
            seen = open(path).read()
        except OSError as e:
            seen = f"not served: {e.strerror}"
        with open(f"{d}/served", "w") as out:
            out.write(seen)
    # certbot calls it all the same
    status["cleanup"] = hook("cleanup")
    return status[which]


pid = os.fork()
if pid == 0:
    os._exit(certbot())
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
# what did not hear of the end sees that certbot is gone
end = time.monotonic() + 20
while any(background()):
    if time.monotonic() > end:
        print("something is left in the background", file=sys.stderr)
        sys.exit(99)
    time.sleep(0.01)
sys.exit(status)
