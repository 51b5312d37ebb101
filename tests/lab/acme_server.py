#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A scripted ACME server for what pebble will not do.

    acme_server.py DIR [--seconds N] [--host NAME] [--expired] [--self-signed]
    acme_server.py --ctl DIR WORD [KEY=VALUE...]

The first form serves on a free port of 127.0.0.1 until its parent is gone or
N seconds (600) have passed.  It writes DIR/ca.pem and then DIR/port, and a line
of JSON for each request to DIR/requests.log.  Directory: https://NAME:PORT/dir,
NAME being localhost.  The second form changes a running one; it prints what it answers:

    set KEY=VALUE       a setting (below)
    clock SECONDS=N     the server's clock, against ours
    act ENDPOINT=WHAT   misbehaviour of dir, nonce, account, acct, order,
                        authz, finalize, ...; WHAT may be N*WHAT: N times only;
                        "" ends it
    validate name=N [profile=P] [account=N] [expires=S]   a valid authorization
    account status=S [id=N]
    orders | authzs     what there is, as JSON

Settings: order_reuse, authz_reuse, isolation (profiles), order_lifetime,
authz_lifetime, cutoff (seconds; -1: as Boulder), profiles (comma-separated),
reject (names, comma-separated), challenge (valid, invalid), failures (limit an
hour).

WHAT: html, empty, garbage, array, truncate, close, hang, huge-body,
huge-headers, control (64 KiB of it), redirect, badnonce, nonce-none,
status-N, retry-N (429 with Retry-After: N), unavailable-N (503), missing-M and
number-M (member M), location-none, location-URL, problem-TYPE.
"""
import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import os
import secrets
import socket
import ssl
import sys
import threading
import time
from email.utils import formatdate

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    encode_dss_signature)
from cryptography.x509.oid import NameOID

URN = "urn:ietf:params:acme:error:"
DAY = 86400


class Problem(Exception):
    def __init__(self, status, kind, detail, subs=None, headers=None):
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.subs, self.headers = subs, headers or {}


def unb64(s):
    return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def number(s):
    return int.from_bytes(unb64(s), "big")


# ---- keys and certificates -------------------------------------------------

CURVES = {"P-256": (ec.SECP256R1(), hashes.SHA256()),
          "P-384": (ec.SECP384R1(), hashes.SHA384()),
          "P-521": (ec.SECP521R1(), hashes.SHA512())}


def thumbprint(jwk):
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
    text = json.dumps({m: jwk[m] for m in members[jwk["kty"]]},
                      separators=(",", ":"), sort_keys=True)
    return b64(hashlib.sha256(text.encode()).digest())


def check_signature(jwk, data, sig):
    if jwk["kty"] == "RSA":
        key = rsa.RSAPublicNumbers(number(jwk["e"]),
                                   number(jwk["n"])).public_key()
        key.verify(sig, data, padding.PKCS1v15(), hashes.SHA256())
        return
    curve, algorithm = CURVES[jwk["crv"]]
    key = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]),
                                        curve).public_key()
    half = len(sig) // 2
    key.verify(encode_dss_signature(int.from_bytes(sig[:half], "big"),
                                    int.from_bytes(sig[half:], "big")),
               data, ec.ECDSA(algorithm))


def certificate(name, issuer, issuer_key, public, start, end, ca=False,
                names=(), serial=None):
    b = (x509.CertificateBuilder()
         .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,
                                                     name)]))
         .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,
                                                    issuer)]))
         .public_key(public)
         .serial_number(serial or x509.random_serial_number())
         .not_valid_before(start).not_valid_after(end)
         .add_extension(x509.BasicConstraints(ca, None), critical=True)
         # Python 3.13 is strict about these
         .add_extension(x509.SubjectKeyIdentifier.from_public_key(public),
                        False)
         .add_extension(
             x509.AuthorityKeyIdentifier.from_issuer_public_key(
                 issuer_key.public_key()), False))
    if ca:
        b = b.add_extension(x509.KeyUsage(
            digital_signature=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False), True)
    if names:
        b = b.add_extension(x509.SubjectAlternativeName(names), False)
    return b.sign(issuer_key, hashes.SHA256())


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


# ---- the CA ----------------------------------------------------------------

class CA:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.RLock()
        self.accounts, self.orders, self.authzs = [], [], []
        self.certs = {}
        self.nonces = set()
        self.failures = []
        self.behave = {}
        self.skew = 0
        self.base = ""
        self.settings = {
            "order_reuse": "1", "authz_reuse": "1", "isolation": "1",
            "order_lifetime": str(7 * DAY), "authz_lifetime": str(30 * DAY),
            "cutoff": "-1", "profiles": "", "reject": "",
            "challenge": "valid", "failures": "5"}
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        self.root = certificate("test CA", "test CA", self.key,
                                self.key.public_key(),
                                now - datetime.timedelta(1000),
                                now + datetime.timedelta(1000), True)

    # -- time and settings

    def now(self):
        return int(time.time()) + self.skew

    def flag(self, name):
        return self.settings[name] not in ("", "0")

    def seconds(self, name):
        return int(self.settings[name])

    def cutoff(self):
        if self.seconds("cutoff") >= 0:
            return self.seconds("cutoff")
        return min(max(self.seconds("order_lifetime") // 8, 3600), DAY)

    @staticmethod
    def text(t):
        return datetime.datetime.utcfromtimestamp(t).strftime(
            "%Y-%m-%dT%H:%M:%SZ")

    def doing(self, endpoint):
        """The misbehaviour that is due, or ''."""
        what = self.behave.get(endpoint, "")
        if "*" in what:
            n, what = what.split("*", 1)
            self.behave[endpoint] = f"{int(n) - 1}*{what}" if int(n) > 1 else ""
        return what

    def nonce(self):
        n = secrets.token_urlsafe(16)
        self.nonces.add(n)
        return n

    # -- accounts

    def account_url(self, a):
        return f"{self.base}/acct/{a['id']}"

    def find_account(self, jwk):
        t = thumbprint(jwk)
        for a in self.accounts:
            if a["thumbprint"] == t:
                return a
        return None

    @staticmethod
    def must_be_valid(a):
        if a["status"] != "valid":
            raise Problem(403, "unauthorized", "Account is not valid, has "
                          f"status \"{a['status']}\"")

    def new_account(self, jwk, payload):
        a = self.find_account(jwk)
        if a:
            self.must_be_valid(a)
            return 200, a
        if payload.get("onlyReturnExisting"):
            raise Problem(400, "accountDoesNotExist",
                          "No account exists with the provided key")
        a = {"id": len(self.accounts) + 1, "jwk": jwk, "status": "valid",
             "thumbprint": thumbprint(jwk),
             "contact": payload.get("contact", [])}
        self.accounts.append(a)
        return 201, a

    # -- orders and authorizations, by Boulder's rules

    def authz_status(self, z):
        if z["status"] in ("pending", "valid") and z["expires"] <= self.now():
            return "expired"
        return z["status"]

    def order_status(self, o):
        if o["status"] in ("valid", "processing"):
            return o["status"]
        states = {self.authz_status(self.authzs[i]) for i in o["authzs"]}
        if o["expires"] <= self.now() or states - {"valid", "pending"}:
            return "invalid"
        return "ready" if states == {"valid"} else "pending"

    def add_authz(self, account, name, profile, status="pending",
                  expires=None):
        z = {"id": len(self.authzs), "account": account, "name": name,
             "profile": profile, "status": status,
             "expires": expires or self.now() + (
                 self.seconds("authz_lifetime") if status == "valid"
                 else 7 * DAY),
             "token": secrets.token_urlsafe(24),
             "validated": self.now() if status == "valid" else None}
        self.authzs.append(z)
        return z

    def reusable(self, account, name, profile):
        if not self.flag("authz_reuse"):
            return None
        found = [z for z in self.authzs
                 if z["account"] == account and z["name"] == name and
                 self.authz_status(z) == "valid" and
                 z["expires"] > self.now() + self.cutoff()]
        if self.flag("isolation") and profile:
            found = [z for z in found if z["profile"] == profile]
        found.sort(key=lambda z: z["expires"])
        if not found:
            return None
        z = found[-1]
        # an order without a profile sees the latest of all profiles, and
        # then drops it where that is another
        if self.flag("isolation") and z["profile"] != profile:
            return None
        return z

    def check_limits(self, account, names):
        for name in names:
            recent = [f for f in self.failures
                      if f[:2] == (account, name) and
                      f[2] > self.now() - 3600]
            if len(recent) >= self.seconds("failures"):
                raise Problem(429, "rateLimited", "too many failed "
                              f"authorizations ({len(recent)}) for "
                              f"\"{name}\" in the last 1h0m0s",
                              headers={"Retry-After": "720"})

    def new_order(self, account, payload):
        names = sorted({i["value"].lower() for i in payload["identifiers"]})
        profile = payload.get("profile", "")
        if profile and profile not in self.settings["profiles"].split(","):
            raise Problem(400, "invalidProfile", f"profile {profile} is not "
                          "known")
        bad = [n for n in names if n in self.settings["reject"].split(",")]
        if bad:
            raise Problem(400, "rejectedIdentifier", "Error creating new "
                          "order :: Cannot issue", subs=[
                              {"type": URN + "rejectedIdentifier",
                               "detail": "The ACME server refuses to issue a "
                               "certificate for this domain name",
                               "identifier": {"type": "dns", "value": n}}
                              for n in bad])
        self.check_limits(account, names)
        if self.flag("order_reuse"):
            for o in self.orders:
                if (o["account"], o["names"], o["profile"]) == (
                        account, names, profile) and \
                        self.order_status(o) in ("pending", "ready"):
                    return o
        chosen = []
        for name in names:
            z = self.reusable(account, name, profile) or self.add_authz(
                account, name, profile)
            chosen.append(z)
        o = {"id": len(self.orders), "account": account, "names": names,
             "profile": profile, "status": "pending", "cert": None,
             "authzs": [z["id"] for z in chosen],
             "expires": min([self.now() + self.seconds("order_lifetime")] +
                            [z["expires"] for z in chosen])}
        self.orders.append(o)
        return o

    def finalize(self, o, csr_der):
        if self.order_status(o) != "ready":
            raise Problem(403, "orderNotReady", "Order's status "
                          f"(\"{self.order_status(o)}\") is not acceptable "
                          "for finalization")
        csr = x509.load_der_x509_csr(csr_der)
        names = csr.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value.get_values_for_type(
                x509.DNSName)
        if sorted(n.lower() for n in names) != o["names"]:
            raise Problem(403, "unauthorized", "CSR does not match the order")
        start = datetime.datetime.utcfromtimestamp(self.now() - 3600)
        cert = certificate(o["names"][0], "test CA", self.key,
                           csr.public_key(), start,
                           start + datetime.timedelta(90), False,
                           [x509.DNSName(n) for n in o["names"]])
        o["cert"] = secrets.token_hex(8)
        self.certs[o["cert"]] = pem(cert) + pem(self.root)
        o["status"] = "valid"

    def answer_challenge(self, z):
        if self.authz_status(z) != "pending":
            return
        if self.settings["challenge"] == "valid":
            z["status"] = "valid"
            z["validated"] = self.now()
            z["expires"] = self.now() + self.seconds("authz_lifetime")
        else:
            z["status"] = "invalid"
            self.failures.append((z["account"], z["name"], self.now()))

    # -- objects as JSON

    def order_json(self, o):
        j = {"status": self.order_status(o),
             "expires": self.text(o["expires"]),
             "identifiers": [{"type": "dns", "value": n}
                             for n in o["names"]],
             "authorizations": [f"{self.base}/authz/{i}"
                                for i in o["authzs"]],
             "finalize": f"{self.base}/finalize/{o['id']}"}
        if o["profile"]:
            j["profile"] = o["profile"]
        if o["cert"]:
            j["certificate"] = f"{self.base}/cert/{o['cert']}"
        return j

    def challenge_json(self, z):
        c = {"type": "http-01", "url": f"{self.base}/chall/{z['id']}",
             "token": z["token"],
             "status": z["status"] if z["status"] in ("valid", "invalid")
             else "pending"}
        if z["validated"]:
            c["validated"] = self.text(z["validated"])
        if z["status"] == "invalid":
            c["error"] = {"type": URN + "unauthorized", "status": 403,
                          "detail": "Invalid response from http://" +
                          z["name"]}
        return c

    def authz_json(self, z):
        name = z["name"]
        j = {"identifier": {"type": "dns",
                            "value": name[2:] if name.startswith("*.")
                            else name},
             "status": self.authz_status(z),
             "expires": self.text(z["expires"]),
             "challenges": [self.challenge_json(z)]}
        if name.startswith("*."):
            j["wildcard"] = True
        return j

    # -- from outside

    def control(self, words):
        word, args = words[0], dict(w.split("=", 1) for w in words[1:])
        if word == "set":
            unknown = set(args) - set(self.settings)
            if unknown:
                return f"unknown: {unknown}"
            self.settings.update(args)
        elif word == "clock":
            self.skew = int(args["seconds"])
        elif word == "act":
            self.behave.update(args)
        elif word == "validate":
            a = int(args.get("account", len(self.accounts)))
            z = self.add_authz(a, args["name"], args.get("profile", ""),
                               "valid")
            if "expires" in args:
                z["expires"] = self.now() + int(args["expires"])
            return f"{self.base}/authz/{z['id']}"
        elif word == "account":
            a = int(args.get("id", len(self.accounts)))
            self.accounts[a - 1]["status"] = args["status"]
        elif word == "orders":
            return json.dumps([self.order_json(o) for o in self.orders])
        elif word == "authzs":
            return json.dumps([self.authz_json(z) for z in self.authzs])
        else:
            return f"unknown: {word}"
        return "ok"


# ---- HTTP ------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scripted"
    wbufsize = 65536
    timeout = 60

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.server.ca.now(), usegmt=True)

    @property
    def ca(self):
        return self.server.ca

    def note(self, **what):
        with self.ca.lock, open(os.path.join(self.ca.folder, "requests.log"),
                                "a", encoding="utf-8") as f:
            what["time"] = time.time()
            f.write(json.dumps(what) + "\n")

    # -- answers

    def send(self, status, body=b"", kind="application/json", headers=None):
        self.send_response(status)
        if body or self.command != "HEAD":
            self.send_header("Content-Type", kind)
        # as Boulder: a directory brings none
        if self.doing != "nonce-none" and self.path != "/dir":
            self.send_header("Replay-Nonce", self.ca.nonce())
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, status, j, headers=None):
        headers = dict(headers or {})
        kind, _, arg = self.doing.partition("-")
        if kind == "missing":
            j.pop(arg, None)
        elif kind == "number":
            j[arg] = 7
        elif kind == "location":
            headers.pop("Location", None)
            if arg != "none":
                headers["Location"] = arg
        self.send(status, json.dumps(j).encode(), headers=headers)

    def send_problem(self, p):
        j = {"type": URN + p.kind, "detail": p.detail, "status": p.status}
        if p.subs:
            j["subproblems"] = p.subs
        self.send(p.status, json.dumps(j).encode(),
                  "application/problem+json", p.headers)

    def misbehave(self):
        """True where the answer was a misbehaviour."""
        kind, _, arg = self.doing.partition("-")
        if self.doing == "html":
            self.send(200, b"<!DOCTYPE html><title>Hello</title>",
                      "text/html; charset=utf-8")
        elif self.doing == "empty":
            self.send(200)
        elif self.doing == "garbage":
            self.send(200, b'{"status": valid,,}')
        elif self.doing == "array":
            self.send(200, b"[1, 2]")
        elif self.doing in ("truncate", "close", "hang"):
            self.break_off()
        elif self.doing == "huge-body":
            self.send(200, b'{"x": "' + b"a" * (2 << 20) + b'"}')
        elif self.doing == "huge-headers":
            self.send(200, b"{}", headers={f"X-{i}": "a" * 1000
                                           for i in range(90)})
        elif self.doing == "control":
            self.send(400, json.dumps({
                "type": URN + "malformed",
                "detail": "\x1b[2J\x07\n" * 16384}).encode(),
                "application/problem+json")
        elif self.doing == "redirect":
            self.send(302, headers={"Location": self.path})
        elif self.doing == "badnonce" and self.command == "POST":
            self.send_problem(Problem(400, "badNonce", "JWS has an invalid "
                                      "anti-replay nonce"))
        elif kind == "status":
            self.send(int(arg))
        elif kind == "retry":
            self.send_problem(Problem(429, "rateLimited", "too many "
                                      "requests", None,
                                      {"Retry-After": arg}))
        elif kind == "unavailable":
            self.send_problem(Problem(503, "rateLimited", "Service busy; "
                                      "retry later.", None,
                                      {"Retry-After": arg}))
        elif kind == "problem":
            self.send_problem(Problem(403, arg, "so it was ordered"))
        else:
            return False
        return True

    def break_off(self):
        if self.doing == "truncate":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"newNonce": "https://')
        elif self.doing == "hang":
            time.sleep(300)
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    # -- requests

    def begin(self, endpoint):
        with self.ca.lock:
            self.doing = self.ca.doing(endpoint)
        return self.misbehave()

    def do_HEAD(self):
        self.note(method="HEAD", path=self.path)
        if not self.begin("nonce"):
            self.send(200, headers={"Cache-Control": "no-store"})

    def do_GET(self):
        self.note(method="GET", path=self.path)
        if self.path == "/nonce":
            if not self.begin("nonce"):
                self.send(204)
            return
        if self.begin("dir"):
            return
        if self.path != "/dir":
            self.send(404)
            return
        base = self.ca.base
        j = {"newNonce": base + "/nonce", "newAccount": base + "/account",
             "newOrder": base + "/order", "revokeCert": base + "/revoke",
             "keyChange": base + "/key-change", "meta": {}}
        if self.ca.settings["profiles"]:
            j["meta"]["profiles"] = {p: "" for p in
                                     self.ca.settings["profiles"].split(",")}
        self.send_json(200, j)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        endpoint = self.path.split("/")[1]
        try:
            jws = json.loads(raw)
            header = json.loads(unb64(jws["protected"]))
            text = unb64(jws["payload"])
            payload = json.loads(text) if text else None
        except (ValueError, KeyError):
            self.begin(endpoint)
            self.send_problem(Problem(400, "malformed", "no JWS"))
            return
        self.note(method="POST", path=self.path, kid=header.get("kid"),
                  port=self.client_address[1],
                  payload=payload)
        if self.begin(endpoint):
            return
        try:
            with self.ca.lock:
                self.post(endpoint, jws, header, payload)
        except Problem as p:
            self.send_problem(p)

    def authenticate(self, jws, header):
        ca = self.ca
        if header.get("url") != ca.base + self.path:
            raise Problem(400, "malformed", "url of the JWS is wrong")
        if "jwk" in header:
            jwk, account = header["jwk"], None
        else:
            account = next((a for a in ca.accounts
                            if ca.account_url(a) == header.get("kid")), None)
            if account is None:
                raise Problem(400, "accountDoesNotExist", "Account \"" +
                              str(header.get("kid")) + "\" not found")
            jwk = account["jwk"]
        try:
            check_signature(jwk, (jws["protected"] + "." +
                                  jws["payload"]).encode(),
                            unb64(jws["signature"]))
        except (InvalidSignature, ValueError) as e:
            raise Problem(400, "malformed", "JWS verification error") from e
        if header.get("nonce") not in ca.nonces:
            raise Problem(400, "badNonce", "JWS has an invalid anti-replay "
                          "nonce")
        ca.nonces.discard(header["nonce"])
        if account:
            ca.must_be_valid(account)
        return jwk, account

    def post(self, endpoint, jws, header, payload):
        ca = self.ca
        jwk, account = self.authenticate(jws, header)
        if endpoint == "account":
            status, a = ca.new_account(jwk, payload)
            self.send_json(status, {"status": a["status"],
                                    "contact": a["contact"]},
                           {"Location": ca.account_url(a)})
            return
        if account is None:
            raise Problem(400, "malformed", "No Key ID in JWS header")
        if endpoint == "order" and self.path == "/order":
            o = ca.new_order(account["id"], payload)
            self.send_json(201, ca.order_json(o),
                           {"Location": f"{ca.base}/order/{o['id']}"})
            return
        self.post_object(endpoint, account, payload)

    def owned(self, things, account):
        try:
            thing = things[int(self.path.split("/")[2])]
        except (ValueError, IndexError) as e:
            raise Problem(404, "malformed", "no such thing") from e
        if thing["account"] != account["id"]:
            raise Problem(403, "unauthorized", "not yours")
        return thing

    def post_object(self, endpoint, account, payload):
        ca = self.ca
        if endpoint == "acct":
            if payload and payload.get("status") == "deactivated":
                account["status"] = "deactivated"
            self.send_json(200, {"status": account["status"],
                                 "contact": account["contact"]})
        elif endpoint == "order":
            self.send_json(200, ca.order_json(self.owned(ca.orders,
                                                         account)))
        elif endpoint == "authz":
            z = self.owned(ca.authzs, account)
            if ca.authz_status(z) == "expired":
                raise Problem(404, "malformed", "Expired authorization")
            if payload and payload.get("status") == "deactivated":
                if z["status"] == "pending":
                    ca.failures.append((z["account"], z["name"], ca.now()))
                z["status"] = "deactivated"
            self.send_json(200, ca.authz_json(z))
        elif endpoint == "chall":
            z = self.owned(ca.authzs, account)
            if payload is not None:
                ca.answer_challenge(z)
            self.send_json(200, ca.challenge_json(z), {
                "Link": f"<{ca.base}/authz/{z['id']}>;rel=\"up\""})
        elif endpoint == "finalize":
            o = self.owned(ca.orders, account)
            ca.finalize(o, unb64(payload["csr"]))
            self.send_json(200, ca.order_json(o),
                           {"Location": f"{ca.base}/order/{o['id']}"})
        elif endpoint == "cert":
            chain = ca.certs.get(self.path.split("/")[2])
            if chain is None:
                raise Problem(404, "malformed", "no such certificate")
            self.send(200, chain, "application/pem-certificate-chain")
        else:
            raise Problem(404, "malformed", "no such endpoint")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, ca, context):
        self.ca = ca
        self.context = context
        super().__init__(("127.0.0.1", 0), Handler)

    def finish_request(self, request, client_address):
        # the handshake in the connection's own thread, not in accept()
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                self.RequestHandlerClass(tls, client_address, self)
        except (OSError, ValueError):
            pass

    def handle_error(self, request, client_address):
        pass


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
    seconds = 600
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
