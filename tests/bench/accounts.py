# SPDX-License-Identifier: ISC
"""Fills a store with many accounts for the benchmark.

usage: accounts.py STORE SERVER COUNT [CA-FILE]

RSA 2048, as certbot makes them, each different: every p of a hundred is paired
with every q. With a CA file the accounts are registered at the server, which
must be pebble; without, they only look as if they were.
"""

import base64
import hashlib
import http.client
import json
import math
import os
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

E = 65537


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64int(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


def keys(count):
    side = math.isqrt(count - 1) + 1
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(
            lambda _: rsa.generate_private_key(E, 2048).private_numbers(),
            range(side)))
    done = 0
    for a in made:
        for b in made:
            if done == count:
                return
            p, q = a.p, b.q
            if (p * q).bit_length() != 2048:
                continue
            d = pow(E, -1, math.lcm(p - 1, q - 1))
            numbers = rsa.RSAPrivateNumbers(
                p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                rsa.RSAPublicNumbers(E, p * q))
            done += 1
            yield numbers
    if done < count:
        raise SystemExit(f"{done} keys made, {count} wanted")


def private(numbers):
    """The primes are known to be primes; checking takes 50 ms for each."""
    try:
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return numbers.private_key()


def jwk(numbers):
    pub = numbers.public_numbers
    return {"n": b64int(pub.n), "e": b64int(pub.e), "d": b64int(numbers.d),
            "p": b64int(numbers.p), "q": b64int(numbers.q),
            "dp": b64int(numbers.dmp1), "dq": b64int(numbers.dmq1),
            "qi": b64int(numbers.iqmp), "kty": "RSA"}


class Acme:
    def __init__(self, server, ca_file):
        self.server = urlsplit(server)
        self.conn = http.client.HTTPSConnection(
            self.server.netloc,
            context=ssl.create_default_context(cafile=ca_file))
        directory = json.loads(self.send("GET", self.server.path)[0])
        self.new_account = directory["newAccount"]
        self.send("HEAD", urlsplit(directory["newNonce"]).path)

    def send(self, method, path, body=None):
        self.conn.request(method, path, body,
                          {"Content-Type": "application/jose+json"})
        answer = self.conn.getresponse()
        text = answer.read()
        self.nonce = answer.headers.get("Replay-Nonce")
        if answer.status >= 300:
            raise SystemExit(f"{path}: {answer.status} {text}")
        return text, answer.headers

    def register(self, public, key):
        head = b64(json.dumps({"alg": "RS256", "nonce": self.nonce,
                               "url": self.new_account,
                               "jwk": public}).encode())
        body = b64(json.dumps({"termsOfServiceAgreed": True}).encode())
        sig = key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(),
                       hashes.SHA256())
        _, headers = self.send("POST", urlsplit(self.new_account).path,
                               json.dumps({"protected": head, "payload": body,
                                           "signature": b64(sig)}))
        return headers["Location"]


def write(path, text, mode):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode),
              "w") as f:
        f.write(text)


def main():
    store, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    acme = Acme(server, sys.argv[4]) if len(sys.argv) > 4 else None
    parts = urlsplit(server)
    top = os.path.join(store, "accounts", parts.netloc + parts.path)
    os.makedirs(top, 0o700)
    for at, numbers in enumerate(keys(count)):
        pem = numbers.public_numbers.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        where = os.path.join(top, hashlib.md5(pem).hexdigest())
        os.mkdir(where, 0o700)
        whole = jwk(numbers)
        uri = f"https://{parts.netloc}/my-account/{at}"
        if acme is not None:
            uri = acme.register({m: whole[m] for m in ("n", "e", "kty")},
                                private(numbers))
        write(where + "/private_key.json", json.dumps(whole), 0o400)
        write(where + "/meta.json", json.dumps(
            {"creation_dt": "2024-02-03T04:05:06Z",
             "creation_host": "bench.example.com"}), 0o644)
        write(where + "/regr.json", json.dumps({"body": {}, "uri": uri}),
              0o644)


main()
