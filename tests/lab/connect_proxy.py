#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A CONNECT proxy that leads every name to 127.0.0.1.

    connect_proxy.py DIR

Writes DIR/port when it listens and a line for each CONNECT to DIR/connects.log;
ends with its parent or after ten minutes.
"""
import os
import socket
import socketserver
import sys
import threading
import time


def pump(src, dst):
    try:
        while data := src.recv(65536):
            dst.sendall(data)
        dst.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        with open(os.path.join(sys.argv[1], "connects.log"), "a",
                  encoding="utf-8") as f:
            f.write(f"{method} {target}\n")
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 no\r\n\r\n")
            return
        with socket.create_connection(
                ("127.0.0.1", int(target.rsplit(":", 1)[1]))) as far:
            self.wfile.write(b"HTTP/1.1 200 go\r\n\r\n")
            back = threading.Thread(target=pump,
                                    args=(far, self.connection))
            back.start()
            pump(self.connection, far)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def main(folder):
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(folder, "port.tmp"), "w", encoding="ascii") as f:
        f.write(f"{server.server_address[1]}\n")
    os.rename(os.path.join(folder, "port.tmp"), os.path.join(folder, "port"))
    parent, end = os.getppid(), time.monotonic() + 7200
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
