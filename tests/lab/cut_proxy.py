#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A link that breaks, or stands still.

usage: cut_proxy.py HOST PORT WAY WHAT BYTES LOG
       cut_proxy.py listen:FILE PORT WAY WHAT BYTES LOG
       cut_proxy.py exec - WAY WHAT BYTES LOG COMMAND...

Passes stdin to HOST:PORT and back, as a ProxyCommand; or to a COMMAND and
back; or whatever connects to a port of 127.0.0.1, which it writes to FILE, to
PORT there.  After BYTES of the direction (WAY: up, to the server, or down) WHAT
happens: "cut" closes all, and whoever connects later too; "stall" passes
nothing more in either.  LOG has "UP DOWN", the bytes passed so far.  With
listen: ends with its parent or after ten minutes.
"""

import os
import selectors
import socket
import subprocess
import sys
import time

CHUNK = 65536


class Over(Exception):
    pass


class Link:
    """Pairs of descriptors, and how much may pass between them."""

    def __init__(self, way, what, limit, log):
        self.way, self.what, self.limit = way, what, limit
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        self.passed = {"up": 0, "down": 0}
        self.ready = selectors.DefaultSelector()
        self.over = False

    def add(self, near_in, near_out, far_in, far_out, end):
        """end: is called with the way that ends."""
        self.ready.register(near_in, selectors.EVENT_READ,
                            lambda: self.carry("up", near_in, far_out, end))
        self.ready.register(far_in, selectors.EVENT_READ,
                            lambda: self.carry("down", far_in, near_out, end))

    def finish(self, way):
        raise Over

    def carry(self, way, source, sink, end):
        size = CHUNK
        if way == self.way:
            size = min(size, self.limit - self.passed[way])
        try:
            data = os.read(source, size)
            rest = data
            while rest:
                rest = rest[os.write(sink, rest):]
        except OSError:
            data = b""
        if not data:
            end(way)
            return
        self.passed[way] += len(data)
        # in one write: ssh ends us with a signal at any moment
        os.pwrite(self.log, b"%010d %010d\n" % (self.passed["up"],
                                                self.passed["down"]), 0)
        self.check()

    def check(self):
        if self.passed[self.way] >= self.limit:
            self.over = True
            raise Over

    def run(self):
        try:
            self.check()
            while True:
                for key, _ in self.ready.select(0.5):
                    # not one that the other's end took away
                    if key.fd in self.ready.get_map():
                        key.data()
                if self.left():
                    raise Over
        except Over:
            if self.over and self.what == "stall":
                self.stand()

    def left(self):
        """Nobody needs this any more."""
        return False

    def stand(self):
        time.sleep(600)


class Command(Link):
    def __init__(self, command, *args):
        super().__init__(*args)
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        # its first words pass before anything breaks: without them it would
        # be a command that is no far end
        os.write(1, os.read(self.child.stdout.fileno(), CHUNK))
        self.add(0, 1, self.child.stdout.fileno(), self.child.stdin.fileno(),
                 self.finish)

    def finish(self, way):
        if way == "down":
            raise Over
        self.ready.unregister(0)
        self.child.stdin.close()

    def close(self):
        """It sees the end of its input, as where a link breaks."""
        self.child.stdin.close()
        self.child.stdout.close()
        os.close(1)
        self.child.wait()


class Listener(Link):
    def __init__(self, file, port, *args):
        super().__init__(*args)
        self.port, self.open = port, set()
        self.parent, self.until = os.getppid(), time.monotonic() + 600
        self.socket = socket.create_server(("127.0.0.1", 0))
        with open(file + ".new", "w", encoding="ascii") as f:
            f.write(f"{self.socket.getsockname()[1]}\n")
        os.rename(file + ".new", file)
        self.ready.register(self.socket, selectors.EVENT_READ, self.accept)

    def left(self):
        return os.getppid() != self.parent or time.monotonic() > self.until

    def accept(self):
        near, _ = self.socket.accept()
        far = socket.create_connection(("127.0.0.1", self.port))

        def end(_):
            for s in near, far:
                self.ready.unregister(s.fileno())
                s.close()
            self.open -= {near, far}
        self.open |= {near, far}
        self.add(near.fileno(), near.fileno(), far.fileno(), far.fileno(),
                 end)

    def stand(self):
        while not self.left():
            time.sleep(0.2)

    def refuse(self):
        """After a cut, until the end."""
        for s in self.open:
            s.close()
        self.socket.settimeout(0.2)
        while not self.left():
            try:
                self.socket.accept()[0].close()
            except TimeoutError:
                pass


def main():
    if len(sys.argv) < 7:
        sys.exit(__doc__)
    host, port, way, what, limit, log, *command = sys.argv[1:]
    args = way, what, int(limit), log
    if host.startswith("listen:"):
        link = Listener(host[7:], int(port), *args)
        link.run()
        link.refuse()
        return
    if host == "exec":
        link = Command(command, *args)
        link.run()
        link.close()
        return
    link = Link(*args)
    far = socket.create_connection((host, int(port)))
    link.add(0, 1, far.fileno(), far.fileno(), link.finish)
    link.run()


main()
