#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A scripted ACME server for what pebble will not do.

    acme_server.py DIR [--seconds N] [--host NAME] [--expired] [--self-signed]
    acme_server.py --ctl DIR WORD [KEY=VALUE...]

The first form serves on a free port of 127.0.0.1 until its parent is gone or
N seconds (7200) have passed.  It writes DIR/ca.pem and then DIR/port, and a line
of JSON for each request to DIR/requests.log.  Directory: https://NAME:PORT/dir,
NAME being localhost.  The second form changes a running one; it prints what it answers:

    set KEY=VALUE       a setting (below)
    clock SECONDS=N     the server's clock, against ours
    act ENDPOINT=WHAT   misbehaviour of dir, nonce, account, acct, order,
                        authz, chall, finalize, cert, ari; WHAT may be N*WHAT:
                        N times only; "" ends it
    cut request=N [how=before|after]    the Nth request from now on is dropped
                        before it is looked at, or its answer is lost; without
                        arguments: how many requests are left until then
    validate name=N [profile=P] [account=N] [expires=S]   a valid authorization
    account status=S [id=N]
    take [order=N]      the last (or that) order is finalised by another host
    finish              what is processing becomes valid now
    replaced            every certificate counts as replaced
    forget              the quotas of failures and exact sets are full again
    orders | authzs | certs     what there is, as JSON
    thumbprint          of the last account's key

Settings (the defaults are in acme_ca.py):

    order_reuse, authz_reuse, isolation (of profiles), profiles and reject
    (comma-separated)
    order_lifetime, authz_lifetime, cert_lifetime, cutoff (-1: as Boulder):
                        seconds
    challenge           valid, invalid, wait (for ever): what each proof ends
                        in, unless
    http_port           HTTP-01 is fetched from that port of 127.0.0.1 with the
                        name as Host
    failures            failed validations an hour for an account and name
    exact_set           certificates a week for one set of names; 0: any number
    orders              new orders an account in three hours; 0: any number
    processing          seconds from finalize to valid; -1: never
    retry_after         Retry-After while an order or a proof is under way
    ari                 1: renewalInfo and `replaces`; the window begins at two
                        thirds of the lifetime, or at ari_start to ari_end,
                        seconds from now; ari_retry: Retry-After

WHAT: html, empty, garbage, array, truncate, close, hang, huge-body,
huge-headers, control (64 KiB of it), redirect, badnonce, nonce-none, gone (404),
status-N, retry-N (429 with Retry-After: N), unavailable-N (503), missing-M and
number-M (member M), text-M=V, location-none, location-URL, problem-TYPE; late-N
(done at once, answered N seconds later).  Of finalize: caa (403, and the order
is invalid), invalid-TYPE (the order comes back so), dies-TYPE (a second later),
taken (another host was faster), aged-N (it is looked at N seconds later; where the
order has ended then, it comes back so).
Of cert: foreign, other-key, other-names, fewer-names, expired (leaves), plain,
words, key-inside, junk-der, backwards, wrong-issuer, leaf-alone, half.
"""
import datetime
import ipaddress
import json
import os
import socket
import ssl
import sys
import threading
import time

# nothing is left beside the source
sys.dont_write_bytecode = True

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from acme_ca import CA
from acme_http import Server
from acme_keys import certificate, pem


# ---- starting, controlling -------------------------------------------------

def tls_context(ca, args):
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    end = now + datetime.timedelta(-1 if "--expired" in args else 100)
    names = [x509.DNSName("localhost"),
             x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    if "--host" in args and not args[args.index("--host") + 1][0].isdigit():
        names.append(x509.DNSName(args[args.index("--host") + 1]))
    if "--self-signed" in args:
        cert = certificate("localhost", "localhost", key, key.public_key(),
                           now - datetime.timedelta(100), end, False, names)
    else:
        cert = certificate("localhost", "test CA", ca.key, key.public_key(),
                           now - datetime.timedelta(100), end, False, names)
    path = os.path.join(ca.folder, "server.pem")
    with open(path, "wb") as f:
        f.write(pem(cert))
        f.write(key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption()))
    with open(os.path.join(ca.folder, "ca.pem"), "wb") as f:
        f.write(pem(ca.root))
    with open(os.path.join(ca.folder, "other.pem"), "wb") as f:
        f.write(pem(ca.issuer.other))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def control_loop(ca, listener):
    while True:
        conn, _ = listener.accept()
        with conn:
            words = json.loads(conn.makefile("r").readline())
            try:
                with ca.lock:
                    answer = ca.control(words)
            except (KeyError, ValueError, IndexError) as e:
                answer = f"failed: {e!r}"
            conn.sendall(answer.encode() + b"\n")


def serve(folder, args):
    seconds = 7200
    if "--seconds" in args:
        seconds = int(args[args.index("--seconds") + 1])
    ca = CA(folder)
    server = Server(ca, tls_context(ca, args))
    port = server.server_address[1]
    host = "localhost"
    if "--host" in args:
        host = args[args.index("--host") + 1]
    ca.base = f"https://{host}:{port}"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "ctl"))
    listener.listen(5)
    threading.Thread(target=control_loop, args=(ca, listener),
                     daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(folder, "port.tmp"), "w", encoding="ascii") as f:
        f.write(f"{port}\n")
    os.rename(os.path.join(folder, "port.tmp"), os.path.join(folder, "port"))
    parent, end = os.getppid(), time.monotonic() + seconds
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.2)
    os._exit(0)


def control(folder, words):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(folder, "ctl"))
        s.sendall(json.dumps(words).encode() + b"\n")
        answer = s.makefile("r").read().strip()
    print(answer)
    return 1 if answer.startswith(("unknown", "failed")) else 0


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--ctl":
        sys.exit(control(sys.argv[2], sys.argv[3:]))
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    serve(sys.argv[1], sys.argv[2:])
