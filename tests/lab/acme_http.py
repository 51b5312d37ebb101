# SPDX-License-Identifier: ISC
"""The scripted ACME server as HTTP: requests, answers, misbehaviour."""
import http.server
import json
import time
from email.utils import formatdate

from cryptography.exceptions import InvalidSignature

from acme_ca import Problem, URN
from acme_keys import check_signature, unb64


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scripted"
    wbufsize = 65536
    timeout = 60
    doing = ""          # the misbehaviour of this request
    cut = ""            # "after": its answer is lost

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.server.ca.now(), usegmt=True)

    @property
    def ca(self):
        return self.server.ca

    def note(self, **what):
        self.ca.log(what)

    # -- answers

    def send(self, status, body=b"", kind="application/json", headers=None):
        if self.cut == "after":
            self.hang_up()
            return
        self.send_response(status)
        if body or self.command != "HEAD":
            self.send_header("Content-Type", kind)
        # as Boulder: a directory brings none
        if self.doing != "nonce-none" and self.path != "/dir":
            with self.ca.lock:
                self.send_header("Replay-Nonce", self.ca.nonce())
        for k, v in (headers or {}).items():
            for one in v if isinstance(v, list) else [v]:
                self.send_header(k, one)
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
        elif kind == "text":
            member, _, value = arg.partition("=")
            j[member] = value
        elif kind == "location":
            headers.pop("Location", None)
            if arg != "none":
                headers["Location"] = arg
        self.send(status, json.dumps(j).encode(), headers=headers)

    def send_problem(self, p):
        self.send(p.status, json.dumps(p.json()).encode(),
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
        elif self.doing == "gone":
            self.send_problem(Problem(404, "malformed", "no such thing"))
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
        self.hang_up()

    def hang_up(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    # -- requests

    def begin(self, endpoint):
        """True where the request is answered already."""
        with self.ca.lock:
            self.doing = self.ca.doing(endpoint)
            self.cut = self.ca.cut()
        if self.cut == "before":
            self.hang_up()
            return True
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
        elif self.path.startswith("/ari/"):
            self.get_ari()
        elif self.path == "/dir":
            if not self.begin("dir"):
                self.send_json(200, self.directory())
        elif not self.begin("dir"):
            self.send(404)

    def directory(self):
        base = self.ca.base
        j = {"newNonce": base + "/nonce", "newAccount": base + "/account",
             "newOrder": base + "/order", "revokeCert": base + "/revoke",
             "keyChange": base + "/key-change", "meta": {}}
        if self.ca.flag("ari"):
            j["renewalInfo"] = base + "/ari"
        if self.ca.settings["profiles"]:
            j["meta"]["profiles"] = {p: "" for p in
                                     self.ca.settings["profiles"].split(",")}
        return j

    def get_ari(self):
        if self.begin("ari"):
            return
        try:
            with self.ca.lock:
                j = self.ca.ari_json(self.ca.find_ari(
                    self.path.split("/")[2]))
        except Problem as p:
            self.send_problem(p)
            return
        self.send_json(200, j, {"Retry-After": self.ca.settings["ari_retry"]})

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
                answer = self.post(endpoint, jws, header, payload)
        except Problem as p:
            self.send_problem(p)
            return
        if self.doing.startswith("late-"):
            time.sleep(float(self.doing[len("late-"):]))
        if isinstance(answer, bytes):
            self.send(200, answer, self.kind, self.links)
        else:
            self.send_json(*answer)

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
        """(status, JSON, headers), or the bytes of a certificate chain."""
        ca = self.ca
        jwk, account = self.authenticate(jws, header)
        if endpoint == "account":
            status, a = ca.new_account(jwk, payload)
            return (status, {"status": a["status"], "contact": a["contact"]},
                    {"Location": ca.account_url(a)})
        if account is None:
            raise Problem(400, "malformed", "No Key ID in JWS header")
        if endpoint == "order" and self.path == "/order":
            o = ca.new_order(account["id"], payload)
            return (201, ca.order_json(o),
                    {"Location": f"{ca.base}/order/{o['id']}"})
        if endpoint == "cert":
            return self.post_cert()
        return self.post_object(endpoint, account, payload)

    def owned(self, things, account):
        try:
            thing = things[int(self.path.split("/")[2])]
        except (ValueError, IndexError) as e:
            raise Problem(404, "malformed", "no such thing") from e
        if thing["account"] != account["id"]:
            raise Problem(403, "unauthorized", "not yours")
        return thing

    def patience(self, busy):
        """Retry-After, where it is set and something is under way."""
        retry = self.ca.settings["retry_after"]
        return {"Retry-After": retry} if busy and retry else {}

    def order_answer(self, o):
        ca = self.ca
        return (200, ca.order_json(o), {
            "Location": f"{ca.base}/order/{o['id']}",
            **self.patience(ca.order_status(o) == "processing")})

    def post_object(self, endpoint, account, payload):
        ca = self.ca
        if endpoint == "acct":
            if payload and payload.get("status") == "deactivated":
                account["status"] = "deactivated"
            return (200, {"status": account["status"],
                          "contact": account["contact"]})
        if endpoint == "order":
            return self.order_answer(self.owned(ca.orders, account))
        if endpoint == "authz":
            z = self.owned(ca.authzs, account)
            if ca.authz_status(z) == "expired":
                raise Problem(404, "malformed", "Expired authorization")
            if payload and payload.get("status") == "deactivated":
                ca.deactivate_authz(z)
            return (200, ca.authz_json(z), self.patience(z["busy"]))
        if endpoint == "chall":
            z = self.owned(ca.authzs, account)
            if payload is not None:
                ca.answer_challenge(z)
            return (200, ca.challenge_json(z), {
                "Link": f"<{ca.base}/authz/{z['id']}>;rel=\"up\"",
                **self.patience(z["busy"])})
        if endpoint == "finalize":
            o = self.owned(ca.orders, account)
            ca.finalize(o, unb64(payload["csr"]), self.doing)
            return self.order_answer(o)
        raise Problem(404, "malformed", "no such endpoint")

    def post_cert(self):
        """/cert/ID, or /cert/ID/1: the other chain."""
        ca = self.ca
        _, _, name, *which = self.path.split("/")
        cert = ca.certs.get(name)
        if cert is None or which not in ([], ["1"]):
            raise Problem(404, "malformed", "no such certificate")
        self.kind = "application/pem-certificate-chain"
        base = f"{ca.base}/cert/{name}"
        self.links = {"Link": [
            f"<{ca.base}/dir>;rel=\"index\"",
            f"<{base if which else base + '/1'}>;rel=\"alternate\""]}
        spoiled = ca.issuer.spoiled(self.doing, cert)
        if spoiled:
            self.kind, body = spoiled
            return body
        return ca.issuer.chain(cert["leaf"], 1 if which else 0)


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
