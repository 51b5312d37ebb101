#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An object store over TLS that does to one object whatever it is told.

    object_server.py DIR HOST [ROOT]

It makes DIR/ca.pem, writes DIR/port when it listens and DIR/requests.log, a
line for each request; the object is DIR/object, whatever the URL says, or with
ROOT the file below it that the URL's path names.  Its ETag is its digest.  The
file DIR/mode, read anew for each connection, says what happens, a line each:

    status METHOD CODE [HEADER: VALUE]...   that answer instead ("; " between)
    body TEXT             with it
    cut METHOD N          the link is cut behind N bytes of the body
    answer-lost           a PUT is done, and the link cut before the answer
    stall METHOD          no answer, for as long as the other side waits
    replace               behind a PUT another one puts something else there
    truncate N            a PUT keeps only N bytes
    long                  a GET sends 100 MiB
    type TEXT             Content-Type of a GET
    certificate WHAT      expired, wrong-name, self-signed, wants-client

Ends with its parent or after ten minutes; with ROOT after a day.
"""
import datetime
import hashlib
import http.server
import os
import socket
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DIR, HOST = sys.argv[1], sys.argv[2]
ROOT = sys.argv[3] if len(sys.argv) > 3 else None
LONG = 100 * 1024 * 1024
LOCK = threading.Lock()


def path(name):
    return os.path.join(DIR, name)


def write(name, data):
    with open(path(name) + ".tmp", "wb") as f:
        f.write(data)
    os.rename(path(name) + ".tmp", path(name))


def read(name):
    try:
        with open(path(name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def modes():
    lines = (read("mode") or b"").decode().splitlines()
    return [line.split(" ", 1) + [""] for line in lines if line]


def mode(word, method=None):
    """What stands behind a word (and the method); None: not told."""
    for first, rest, *_ in modes():
        if first != word:
            continue
        if method is None:
            return rest
        words = rest.split(" ", 1) + [""]
        if words[0] == method:
            return words[1]
    return None


def certificate(name, key, issuer, issuer_key, days, alt):
    now = datetime.datetime.utcnow()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days)))
    builder = builder.add_extension(
        x509.BasicConstraints(ca=alt is None, path_length=None), True)
    if alt is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(alt), False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def contexts():
    import ipaddress
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "objects' CA")])
    leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "objects")])
    write("ca.pem", pem(certificate(ca, ca_key, ca, ca_key, 30, None)))
    local = [x509.DNSName("localhost"),
             x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    key = ec.generate_private_key(ec.SECP256R1())
    write("key.pem", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    made = {}
    for what, days, alt, issuer, issuer_key in (
            ("", 20, local, ca, ca_key),
            ("wants-client", 20, local, ca, ca_key),
            ("expired", -1, local, ca, ca_key),
            ("wrong-name", 20, [x509.DNSName("other.example.com")], ca,
             ca_key),
            ("self-signed", 20, local, leaf, key)):
        file = f"cert-{what}.pem"
        write(file, pem(certificate(leaf, key, issuer, issuer_key, days,
                                    alt)))
        made[what] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[what].load_cert_chain(path(file), path("key.pem"))
    made["wants-client"].verify_mode = ssl.CERT_REQUIRED
    made["wants-client"].load_verify_locations(path("ca.pem"))
    return made


class Cut(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def object(self):
        if ROOT is None:
            return "object"
        file = os.path.normpath(self.path)
        if not file.startswith(ROOT + "/"):
            raise Cut
        return file

    def note(self, status, sent=0):
        conditions = ",".join(
            f"{name}={self.headers[name]}" for name in
            ("If-Match", "If-None-Match") if name in self.headers)
        with LOCK, open(path("requests.log"), "a", encoding="utf-8") as f:
            f.write(f"{self.command} {self.path} {status} {sent} "
                    f"{conditions or '-'}\n")

    def cut(self):
        self.note("cut")
        # a reset, as a link that breaks
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b"\1\0\0\0\0\0\0\0")
        raise Cut

    def answer(self, status, body=b"", headers=()):
        at = mode("cut", self.command) if self.command == "GET" else None
        if at is None or status != 200:
            self.note(status, len(body))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if at is not None and status == 200:
            self.wfile.write(body[:int(at)])
            self.wfile.flush()
            self.cut()
        self.wfile.write(body)

    def told(self):
        """Answers as it is told to, if it is."""
        if mode("stall", self.command) is not None:
            self.note("stall")
            self.connection.settimeout(120)
            while self.connection.recv(65536):
                pass
            raise Cut
        rest = mode("status", self.command)
        if rest is None:
            return False
        code, _, more = rest.partition(" ")
        headers = [tuple(h.split(": ", 1)) for h in more.split("; ") if h]
        self.answer(int(code), (mode("body") or "").encode(), headers)
        return True

    def do_GET(self):
        if self.told():
            return
        if mode("long") is not None:
            self.note("long")
            self.send_response(200)
            self.send_header("Content-Length", str(LONG))
            self.end_headers()
            try:
                for _ in range(LONG // 65536):
                    self.wfile.write(b"\x30" * 65536)
            except OSError:
                raise Cut from None
            return
        body = read(self.object())
        if body is None:
            self.answer(404)
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, b"", [("ETag", tag)])
            return
        self.answer(200, body, [
            ("ETag", tag),
            ("Content-Type", mode("type") or "application/octet-stream")])

    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        at = mode("cut", "PUT")
        if at is not None:
            self.rfile.read(min(int(at), length))
            self.cut()
        body = self.rfile.read(length)
        if self.told():
            return
        keep = mode("truncate")
        write(self.object(), body if keep is None else body[:int(keep)])
        if mode("replace") is not None:
            write(self.object(), b"somebody else's")
        if mode("answer-lost") is not None:
            self.cut()
        self.answer(201)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    contexts = {}

    def finish_request(self, request, client_address):
        context = self.contexts[mode("certificate") or ""]
        raw = request.dup()
        try:
            request = context.wrap_socket(request, server_side=True)
        except OSError:
            # an alert is read only where no reset comes behind it
            self.drain(raw)
            return
        finally:
            raw.close()
        try:
            self.RequestHandlerClass(request, client_address, self)
        except (Cut, OSError):
            pass
        finally:
            request.close()

    def drain(self, raw):
        try:
            raw.settimeout(5)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
        except OSError:
            pass


def main():
    Server.contexts = contexts()
    server = Server((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    write("port", f"{server.server_address[1]}\n".encode())
    parent = os.getppid()
    end = time.monotonic() + (600 if ROOT is None else 86400)
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.2)


main()
