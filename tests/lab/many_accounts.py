#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Registers N accounts with an ACME server and lays them out as certbot does.

    many_accounts.py DIRECTORY-URL CA-FILE CONFIG-DIR N [rsa|ec]

ec (the default) is quick; rsa makes 2048-bit keys, certbot's own kind, at
about ten a second and processor.
"""
import base64
import hashlib
import http.client
import json
import multiprocessing
import os
import ssl
import sys
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64n(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


def make_pem(kind):
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def private_jwk(key):
    v = key.private_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"n": b64n(v.public_numbers.n), "e": b64n(v.public_numbers.e),
                "d": b64n(v.d), "p": b64n(v.p), "q": b64n(v.q),
                "dp": b64n(v.dmp1), "dq": b64n(v.dmq1), "qi": b64n(v.iqmp),
                "kty": "RSA"}
    return {"crv": "P-256", "x": b64n(v.public_numbers.x, 32),
            "y": b64n(v.public_numbers.y, 32),
            "d": b64n(v.private_value, 32), "kty": "EC"}


def sign(key, data):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Client:
    def __init__(self, url, ca):
        at = urlsplit(url)
        self.host = at.netloc
        context = ssl.create_default_context(cafile=ca)
        # the tests' servers are all on this machine, whatever their name
        context.check_hostname = False
        self.conn = http.client.HTTPSConnection("127.0.0.1", at.port,
                                                context=context)
        self.nonce = None
        self.dir = json.loads(self.ask("GET", url)[1])

    def ask(self, method, url, body=None):
        self.conn.request(method, urlsplit(url).path, body,
                          {"Content-Type": "application/jose+json",
                           "Host": self.host})
        r = self.conn.getresponse()
        self.nonce = r.headers.get("Replay-Nonce", self.nonce)
        return r, r.read()

    def register(self, key, jwk):
        public = {k: v for k, v in jwk.items()
                  if k in ("kty", "n", "e", "crv", "x", "y")}
        url = self.dir["newAccount"]
        for _ in range(50):
            if self.nonce is None:
                self.ask("HEAD", self.dir["newNonce"])
            protected = b64(json.dumps({
                "alg": "RS256" if jwk["kty"] == "RSA" else "ES256",
                "jwk": public, "nonce": self.nonce, "url": url}).encode())
            payload = b64(b'{"termsOfServiceAgreed": true}')
            self.nonce = None
            r, text = self.ask("POST", url, json.dumps({
                "protected": protected, "payload": payload,
                "signature": b64(sign(key, f"{protected}.{payload}"
                                      .encode()))}))
            if r.status in (200, 201):
                return r.headers["Location"]
            if b"badNonce" not in text:
                raise SystemExit(f"{r.status}: {text!r}")
        raise SystemExit("badNonce for ever")


def write_account(folder, key, jwk, uri):
    spki = key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    path = os.path.join(folder, hashlib.md5(spki).hexdigest())
    os.mkdir(path, 0o700)
    files = {"private_key.json": jwk,
             "meta.json": {"creation_dt": "2026-11-23T21:06:00Z",
                           "creation_host": "surrogate.example.com"},
             "regr.json": {"body": {}, "uri": uri}}
    for name, content in files.items():
        mode = 0o400 if name == "private_key.json" else 0o644
        fd = os.open(os.path.join(path, name),
                     os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(fd, "w") as f:
            f.write(json.dumps(content))


def main(url, ca, etc, count, kind="ec"):
    parts = urlsplit(url)
    folder = os.path.join(etc, "accounts", parts.netloc + parts.path)
    os.makedirs(folder, 0o700, exist_ok=True)
    client = Client(url, ca)
    with multiprocessing.Pool(2) as pool:
        for data in pool.imap_unordered(make_pem, [kind] * int(count), 8):
            key = serialization.load_pem_private_key(data, None)
            jwk = private_jwk(key)
            write_account(folder, key, jwk, client.register(key, jwk))


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
