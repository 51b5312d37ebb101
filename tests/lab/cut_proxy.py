#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A ProxyCommand whose link breaks, or stands still.

usage: cut_proxy.py HOST PORT up|down WHAT BYTES LOG

Passes stdin to HOST:PORT and back.  After BYTES of the direction (up: to the
server) WHAT happens: "cut" closes both, "stall" passes nothing more in either.
LOG has "UP DOWN", the bytes passed so far.
"""

import os
import select
import socket
import sys
import time

CHUNK = 65536


def main():
    host, port, direction, what, limit, log = sys.argv[1:]
    limit = int(limit)
    log = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    link = socket.create_connection((host, int(port)))
    passed = {"up": 0, "down": 0}
    while True:
        ready, _, _ = select.select([0, link], [], [])
        for source in ready:
            way = "up" if source == 0 else "down"
            size = CHUNK
            if way == direction:
                size = min(size, limit - passed[way])
            data = os.read(0, size) if source == 0 else link.recv(size)
            if not data:
                return
            if way == "up":
                link.sendall(data)
            else:
                os.write(1, data)
            passed[way] += len(data)
            # in one write: ssh ends us with a signal at any moment
            os.pwrite(log, b"%010d %010d\n" % (passed["up"],
                                               passed["down"]), 0)
            if passed[direction] >= limit:
                if what == "stall":
                    time.sleep(600)
                return


main()
