# SPDX-License-Identifier: ISC
"""The state of the scripted ACME server, and Boulder's rules for it."""
import http.client
import json
import os
import secrets
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from acme_keys import (Issuer, ari_id, at, is_key_of, thumbprint)

URN = "urn:ietf:params:acme:error:"
DAY = 86400
FOREVER = 1 << 40

SETTINGS = {
    "order_reuse": "1", "authz_reuse": "1", "isolation": "1",
    "order_lifetime": str(7 * DAY), "authz_lifetime": str(30 * DAY),
    "cert_lifetime": str(90 * DAY), "cutoff": "-1", "profiles": "",
    "reject": "", "challenge": "valid", "http_port": "", "failures": "5",
    "exact_set": "0", "orders": "0", "processing": "0", "retry_after": "",
    "ari": "0", "ari_start": "", "ari_end": "", "ari_retry": "21600"}


class Problem(Exception):
    def __init__(self, status, kind, detail, subs=None, headers=None):
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.subs, self.headers = subs, headers or {}

    def json(self):
        j = {"type": URN + self.kind, "detail": self.detail,
             "status": self.status}
        if self.subs:
            j["subproblems"] = self.subs
        return j


def sub_problem(kind, detail, name):
    return {"type": URN + kind, "detail": detail,
            "identifier": {"type": "dns", "value": name}}


def hex_even(n):
    """As openssl prints a serial number."""
    text = f"{n:X}"
    return "0" * (len(text) % 2) + text


class CA:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.RLock()
        self.accounts, self.orders, self.authzs = [], [], []
        self.certs = {}
        self.nonces = set()
        self.failures = []      # (account, name, when)
        self.sets = {}          # names -> when the last bit of quota is back
        self.behave = {}
        self.cuts = 0           # requests until one is cut; 0: never
        self.cut_how = ""
        self.skew = 0
        self.base = ""
        self.settings = dict(SETTINGS)
        self.issuer = Issuer(time.time())
        self.key, self.root = self.issuer.key, self.issuer.root

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
        return at(t).strftime("%Y-%m-%dT%H:%M:%SZ")

    def doing(self, endpoint):
        """The misbehaviour that is due, or ''."""
        what = self.behave.get(endpoint, "")
        if "*" in what:
            n, what = what.split("*", 1)
            self.behave[endpoint] = f"{int(n) - 1}*{what}" if int(n) > 1 else ""
        return what

    def cut(self):
        """'before' or 'after' where this request is to be cut, or ''."""
        if self.cuts == 0:
            return ""
        self.cuts -= 1
        return self.cut_how if self.cuts == 0 else ""

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

    # -- authorizations

    def authz_status(self, z):
        if z["status"] in ("pending", "valid") and z["expires"] <= self.now():
            return "expired"
        return z["status"]

    def add_authz(self, account, name, profile, status="pending",
                  expires=None):
        z = {"id": len(self.authzs), "account": account, "name": name,
             "profile": profile, "status": status,
             "expires": expires or self.now() + (
                 self.seconds("authz_lifetime") if status == "valid"
                 else 7 * DAY),
             "token": secrets.token_urlsafe(24), "busy": False,
             "error": None,
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

    def answer_challenge(self, z):
        if self.authz_status(z) != "pending" or z["busy"]:
            return
        if self.settings["http_port"]:
            z["busy"] = True
            threading.Thread(target=self.look, args=(z,),
                             daemon=True).start()
        elif self.settings["challenge"] == "wait":
            z["busy"] = True
        elif self.settings["challenge"] == "valid":
            self.judge(z, None)
        else:
            self.judge(z, ("unauthorized", "Invalid response from http://" +
                           z["name"]))

    def look(self, z):
        """HTTP-01: what does the web server of the name answer?"""
        where = f"http://{z['name']}/.well-known/acme-challenge/{z['token']}"
        a = self.accounts[z["account"] - 1]
        want = f"{z['token']}.{a['thumbprint']}"
        problem = None
        try:
            c = http.client.HTTPConnection(
                "127.0.0.1", int(self.settings["http_port"]), timeout=10)
            c.request("GET", "/.well-known/acme-challenge/" + z["token"],
                      headers={"Host": z["name"]})
            r = c.getresponse()
            body = r.read(1024).decode("latin-1").rstrip()
            c.close()
            if r.status != 200:
                problem = ("unauthorized", "127.0.0.1: Invalid response from "
                           f"{where}: {r.status}")
            elif body != want:
                problem = ("unauthorized", "The key authorization file from "
                           "the server did not match this challenge. "
                           f"Expected \"{want}\" (got \"{body}\")")
        except (OSError, http.client.HTTPException) as e:
            problem = ("connection", f"127.0.0.1: Fetching {where}: {e}")
        with self.lock:
            self.judge(z, problem)

    def judge(self, z, problem):
        z["busy"] = False
        z["error"] = problem
        if problem is None:
            z["status"] = "valid"
            z["validated"] = self.now()
            z["expires"] = self.now() + self.seconds("authz_lifetime")
        else:
            z["status"] = "invalid"
            self.failures.append((z["account"], z["name"], self.now()))

    def deactivate_authz(self, z):
        if z["status"] == "pending":
            self.failures.append((z["account"], z["name"], self.now()))
        z["status"] = "deactivated"

    # -- limits

    def set_period(self):
        return 7 * DAY // self.seconds("exact_set")

    def check_limits(self, account, names):
        """As Boulder: all of them for a new order, unless ARI exempts it."""
        for name in names:
            recent = [f for f in self.failures
                      if f[:2] == (account, name) and
                      f[2] > self.now() - 3600]
            if len(recent) >= self.seconds("failures"):
                self.limited("too many failed authorizations "
                             f"({len(recent)}) for \"{name}\" in the last "
                             "1h0m0s", 720)
        issued = any(c["names"] == names for c in self.certs.values())
        recent = [o for o in self.orders if o["account"] == account and
                  o["created"] > self.now() - 3 * 3600]
        if self.flag("orders") and not issued and \
                len(recent) >= self.seconds("orders"):
            self.limited(f"too many new orders ({len(recent)}) from this "
                         "account in the last 3h0m0s", 36)
        if self.flag("exact_set"):
            full = self.sets.get(tuple(names), 0) - self.now() + \
                self.set_period()
            if full > 7 * DAY:
                self.limited("too many certificates "
                             f"({self.seconds('exact_set')}) already issued "
                             "for this exact set of identifiers in the last "
                             "168h0m0s", full - 7 * DAY)

    @staticmethod
    def limited(text, seconds):
        raise Problem(429, "rateLimited", text,
                      headers={"Retry-After": str(int(seconds))})

    def spend_set(self, names):
        if self.flag("exact_set"):
            self.sets[tuple(names)] = self.set_period() + max(
                self.now(), self.sets.get(tuple(names), 0))

    # -- renewal information

    def ari_window(self, cert):
        """(start, end) by default at two thirds of the lifetime."""
        life = cert["not_after"] - cert["not_before"]
        start, end = self.settings["ari_start"], self.settings["ari_end"]
        return (self.now() + int(start) if start else
                cert["not_after"] - life // 3,
                self.now() + int(end) if end else
                cert["not_after"] - life // 3 + min(2 * DAY, life // 12))

    def find_ari(self, name):
        for c in self.certs.values():
            if c["ari"] == name:
                return c
        raise Problem(404, "malformed", "no certificate with that serial")

    def check_replaces(self, account, names, name):
        """True where it exempts from the limits."""
        if not self.flag("ari"):
            return False
        cert = self.find_ari(name)
        if cert["account"] != account:
            raise Problem(403, "unauthorized", "requester account did not "
                          "request the certificate being replaced by this "
                          "order")
        if not set(cert["names"]) & set(names):
            raise Problem(400, "malformed", "identifiers in this order do "
                          "not match any identifiers in the certificate "
                          "being replaced")
        if cert["replaced"]:
            raise Problem(409, "alreadyReplaced", "cannot indicate an order "
                          f"replaces certificate {name}, already replaced")
        start, end = self.ari_window(cert)
        return start <= self.now() < end

    # -- orders

    def order_status(self, o):
        if o["status"] == "processing" and time.monotonic() >= o["done_at"]:
            self.issue(o)
        if o["status"] in ("valid", "processing", "invalid"):
            return o["status"]
        states = {self.authz_status(self.authzs[i]) for i in o["authzs"]}
        if o["expires"] <= self.now() or states - {"valid", "pending"}:
            return "invalid"
        return "ready" if states == {"valid"} else "pending"

    def check_order(self, account, names, payload):
        profile = payload.get("profile", "")
        if profile and profile not in self.settings["profiles"].split(","):
            raise Problem(400, "invalidProfile", f"profile {profile} is not "
                          "known")
        bad = [n for n in names if n in self.settings["reject"].split(",")]
        if bad:
            raise Problem(400, "rejectedIdentifier", "Error creating new "
                          "order :: Cannot issue", subs=[
                              sub_problem("rejectedIdentifier", "The ACME "
                                          "server refuses to issue a "
                                          "certificate for this domain name",
                                          n) for n in bad])
        if "replaces" in payload and \
                self.check_replaces(account, names, payload["replaces"]):
            return
        self.check_limits(account, names)

    def new_order(self, account, payload):
        names = sorted({i["value"].lower() for i in payload["identifiers"]})
        profile = payload.get("profile", "")
        self.check_order(account, names, payload)
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
             "created": self.now(), "error": None, "done_at": 0,
             "replaces": payload.get("replaces") if self.flag("ari")
             else None, "public": None,
             "authzs": [z["id"] for z in chosen],
             "expires": min([self.now() + self.seconds("order_lifetime")] +
                            [z["expires"] for z in chosen])}
        self.orders.append(o)
        return o

    # -- finalize

    def check_csr(self, o, csr_der):
        try:
            csr = x509.load_der_x509_csr(csr_der)
            names = csr.extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value.get_values_for_type(
                    x509.DNSName)
        except (ValueError, x509.ExtensionNotFound) as e:
            raise Problem(400, "badCSR", f"Error parsing certificate request"
                          f": {e}") from e
        if not csr.is_signature_valid:
            raise Problem(400, "badCSR", "invalid signature on CSR")
        if sorted(n.lower() for n in names) != o["names"]:
            raise Problem(403, "unauthorized", "Error finalizing order :: "
                          "CSR does not specify same identifiers as Order")
        if is_key_of(self.accounts[o["account"] - 1]["jwk"],
                     csr.public_key()):
            raise Problem(400, "badCSR", "Error finalizing order :: "
                          "certificate public key must be different than "
                          "account key")
        return csr.public_key()

    def finalize(self, o, csr_der, how):
        if how.startswith("aged-"):
            time.sleep(int(how[5:]))
            if self.order_status(o) == "invalid":
                return
            how = ""
        if self.order_status(o) != "ready":
            raise Problem(403, "orderNotReady", "Order's status "
                          f"(\"{self.order_status(o)}\") is not acceptable "
                          "for finalization")
        if how == "taken":
            self.take_order(o)
            self.finalize(o, csr_der, "")
        o["public"] = self.check_csr(o, csr_der)
        kind, _, arg = how.partition("-")
        if how == "caa":
            self.kill_order(o, "caa", "Error finalizing order :: While "
                            "processing CAA")
            raise Problem(403, "caa", "Error finalizing order :: Rechecking "
                          "CAA", subs=[
                              sub_problem("caa", "CAA record for "
                                          f"{n} prevents issuance", n)
                              for n in o["names"]])
        if kind == "invalid":
            self.kill_order(o, arg or "serverInternal", "Error finalizing "
                            "order :: so it was ordered")
            return
        o["status"] = "processing"
        wait = self.seconds("processing")
        o["done_at"] = time.monotonic() + (FOREVER if wait < 0 else wait)
        if kind == "dies":
            o["done_at"] = FOREVER
            threading.Timer(1, self.kill_order,
                            (o, arg or "serverInternal",
                             "Error finalizing order :: it died")).start()
        self.order_status(o)

    def kill_order(self, o, kind, detail):
        o["status"] = "invalid"
        o["error"] = Problem(403, kind, detail).json()

    def issue(self, o, public=None):
        start = self.now() - 3600 if self.seconds("cert_lifetime") > 7200 \
            else self.now() - 1
        end = start + self.seconds("cert_lifetime")
        leaf = self.issuer.leaf(o["names"], public or o["public"], start, end)
        o["cert"] = secrets.token_hex(8)
        o["status"] = "valid"
        self.certs[o["cert"]] = {
            "leaf": leaf, "names": o["names"], "account": o["account"],
            "not_before": start, "not_after": end, "ari": ari_id(leaf),
            "replaced": False}
        self.spend_set(o["names"])
        if o["replaces"]:
            self.find_ari(o["replaces"])["replaced"] = True

    def take_order(self, o):
        """As another host that shares the account would."""
        self.issue(o, ec.generate_private_key(ec.SECP256R1()).public_key())

    # -- objects as JSON

    def order_json(self, o):
        j = {"status": self.order_status(o),
             "expires": self.text(o["expires"]),
             "identifiers": [{"type": "dns", "value": n}
                             for n in o["names"]],
             "authorizations": [f"{self.base}/authz/{i}"
                                for i in o["authzs"]],
             "finalize": f"{self.base}/finalize/{o['id']}"}
        for member in ("profile", "replaces", "error"):
            if o[member]:
                j[member] = o[member]
        if o["cert"]:
            j["certificate"] = f"{self.base}/cert/{o['cert']}"
        return j

    def challenge_json(self, z):
        c = {"type": "http-01", "url": f"{self.base}/chall/{z['id']}",
             "token": z["token"],
             "status": z["status"] if z["status"] in ("valid", "invalid")
             else "processing" if z["busy"] else "pending"}
        if z["validated"]:
            c["validated"] = self.text(z["validated"])
        if z["error"]:
            c["error"] = {"type": URN + z["error"][0], "status": 403,
                          "detail": z["error"][1]}
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

    def ari_json(self, cert):
        start, end = self.ari_window(cert)
        return {"suggestedWindow": {"start": self.text(start),
                                    "end": self.text(end)},
                "explanationURL": "https://example.com/why"}

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
        elif word == "cut":
            return self.control_cut(args)
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
        elif word == "take":
            self.take_order(self.orders[int(args.get("order", -1))])
        elif word == "finish":
            for o in self.orders:
                o["done_at"] = 0
        elif word == "replaced":
            for c in self.certs.values():
                c["replaced"] = True
        elif word == "forget":
            self.sets, self.failures = {}, []
        else:
            return self.show(word)
        return "ok"

    def control_cut(self, args):
        if "request" in args:
            if args.get("how", "after") not in ("before", "after"):
                return "unknown: how"
            self.cuts = int(args["request"])
            self.cut_how = args.get("how", "after")
        return str(self.cuts)

    def show(self, word):
        if word == "thumbprint":
            return self.accounts[-1]["thumbprint"]
        if word == "orders":
            return json.dumps([self.order_json(o) for o in self.orders])
        if word == "authzs":
            return json.dumps([self.authz_json(z) for z in self.authzs])
        if word == "certs":
            return json.dumps([
                {"url": f"{self.base}/cert/{i}", "names": c["names"],
                 "serial": hex_even(c["leaf"].serial_number),
                 "ari": c["ari"],
                 "replaced": c["replaced"]}
                for i, c in self.certs.items()])
        return f"unknown: {word}"

    def log(self, what):
        with self.lock, open(os.path.join(self.folder, "requests.log"), "a",
                             encoding="utf-8") as f:
            what["time"] = time.time()
            f.write(json.dumps(what) + "\n")
