#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Lets every allocation, every system call and every change of the disk of a
command fail in turn, and lets the command die at every change.

usage: torture.py PROGRAM FAULT-PROGRAM [--every N] [--modes M,...]
                  [--weigh] [CASE...]

--every: of what fails alone only each Nth, beginning with another one each day.
--weigh: of a case that takes long only each so manyth run, see Case.weight.

After each run: no crash and no leak (the fault program has ASan and UBSan);
exit 0 only if the goal was reached; each account wholly old or wholly new;
no key that was there is gone (it is in the store or in the backups); then the
same command with the plain program reaches the goal and leaves no litter.
"""

import datetime
import filecmp
import glob
import itertools
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "fixtures", "accounts")
LAB = os.path.join(HERE, "..", "lab")
SERVER_PATH = "ca.example.com/directory"
SERVER = "https://" + SERVER_PATH
PYTHON = "/usr/bin/python3"
FILES = ("private_key.json", "meta.json", "regr.json")
LITTER = re.compile(r"^\.acmeferry-|^journal$|\.new$")
# a run may go on with what failed, but not in silence
TOLD = re.compile(b"Input/output error|No space left|[Mm]emory|cannot be read")
EIO, ENOSPC, EACCES = 5, 28, 13


def fixture_id(name):
    for line in open(os.path.join(FIXTURES, "INDEX")):
        words = line.split()
        if words and words[0] == name:
            return words[1]
    raise SystemExit(f"no fixture {name}")


def put_account(etc, name, dirname=None, number=1, drop=()):
    """Copies a fixture into a store, as certbot lays it out."""
    path = os.path.join(etc, "accounts", *SERVER_PATH.split("/"),
                        dirname or fixture_id(name))
    os.makedirs(path, mode=0o700)
    for f in FILES:
        if f in drop:
            continue
        data = open(os.path.join(FIXTURES, name, f), "rb").read()
        if f == "regr.json" and b'"body"' in data:
            data = json.dumps({"body": {}, "uri": f"https://ca.example.com/"
                               f"acct/{number}"}).encode()
        dst = os.path.join(path, f)
        with open(dst, "wb") as out:
            out.write(data)
        os.chmod(dst, 0o400 if f == FILES[0] else 0o644)
    return path


def put_lineage(etc, name, account, server=SERVER, start=0, end=60):
    live = os.path.join(etc, "live", name)
    arch = os.path.join(etc, "archive", name)
    os.makedirs(live)
    os.makedirs(os.path.join(etc, "renewal"), exist_ok=True)
    make_cert(arch, [name], start, end)
    shutil.copy(f"{arch}/cert1.pem", f"{arch}/chain1.pem")
    shutil.copy(f"{arch}/cert1.pem", f"{arch}/fullchain1.pem")
    for k in ("cert", "privkey", "chain", "fullchain"):
        os.symlink(f"../../archive/{name}/{k}1.pem", f"{live}/{k}.pem")
    with open(f"{etc}/renewal/{name}.conf", "w") as f:
        f.write("# renew_before_expiry = 30 days\nversion = 2.1.0\n"
                f"archive_dir = {arch}\n")
        for k in ("cert", "privkey", "chain", "fullchain"):
            f.write(f"{k} = {live}/{k}.pem\n")
        f.write("\n# Options used in the renewal process\n[renewalparams]\n"
                f"account = {account}\nauthenticator = standalone\n"
                f"server = {server}\nkey_type = ecdsa\n")


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o600)


class Case:
    """One command on one store.  prepare() fills the folder d; the goal is
    what the store looks like after one undisturbed run.  home: where in d the
    store is that changes.  far: the far end is what fails, not the command.
    fresh: the files were written just now, so that a broken one may be in the
    making and is read again; else they are old, however fast the test is.
    around: which half of as_certbot.py is what fails.  left: what may stay
    behind of one that died after it had answered.  online: with a CA (or,
    where it is a class, with that service) of its own, which prepare() gets,
    too.  watch: what
    belongs to the goal beside the store.  env: more variables.  weight: with
    --weigh only every so manyth run, for what takes long.  stdin: what the
    command reads.  refused: with this on stdout it may succeed and not reach
    the goal.  intact: more that holds at any time; later: what time does
    before the next run.  syslog: is told why it failed, not stderr.  vague:
    paths of which only matters that they are there."""

    def __init__(self, name, prepare, argv, status=0, reader=False, home="",
                 far=False, fresh=False, online=False, watch=(), env=None,
                 weight=1, stdin=None, refused=None, intact=None,
                 later=None, syslog=False, vague=None, around=None,
                 left=None):
        self.name, self.prepare, self.argv = name, prepare, argv
        self.status, self.reader = status, reader
        self.home, self.far, self.fresh = home, far, fresh
        self.online, self.watch, self.weight = online, watch, weight
        self.around, self.left = around, left and re.compile(left)
        self.env = env or (lambda d: {})
        self.stdin, self.refused, self.syslog = stdin, refused, syslog
        self.vague = vague and re.compile(vague)
        self.intact = intact or (lambda d: None)
        self.later = later or (lambda d: None)


def base_args(d):
    return ["-c", f"{d}/config.yml", "--config-dir", f"{d}/etc",
            "--state-dir", f"{d}/state"]


def write_config(d, program, certs="", rights="read"):
    write(f"{d}/src/config.yml", f"acme:\n  server: {SERVER}\n")
    # the far end may be the one that fails, and then it must learn of it
    shown = "environment: [ACMEFERRY_FAULT, ASAN_OPTIONS, UBSAN_OPTIONS]\n"
    peer = json.dumps([program, "-c", f"{d}/src/config.yml", "--config-dir",
                       f"{d}/src/etc", "--state-dir", f"{d}/src/state",
                       "serve", "--allow", rights])
    write(f"{d}/config.yml",
          f"{shown}acme:\n  server: {SERVER}\npeers:\n  surrogate:\n"
          f"    url: 'exec:'\n    command: {peer}\n{certs}")


def stores(d):
    for p in ("etc", "src/etc"):
        os.makedirs(f"{d}/{p}", mode=0o755)
    for p in ("state", "src/state"):
        os.makedirs(f"{d}/{p}", mode=0o700)


def prep_pull(d, program):
    """One to add, one broken to mend as a whole, one that stays."""
    stores(d)
    put_account(f"{d}/etc", "rsa3072", number=3)
    put_account(f"{d}/etc", "ec-p256", number=5, drop=("regr.json",))
    put_account(f"{d}/src/etc", "rsa2048", number=1)
    put_account(f"{d}/src/etc", "ec-p256", number=5)
    write_config(d, program)


def prep_empty(d, program):
    """A store that does not exist yet."""
    stores(d)
    os.rmdir(f"{d}/etc")
    put_account(f"{d}/src/etc", "rsa2048", number=1)
    write_config(d, program)


def prep_replaced(d, program):
    """The surrogate's account was replaced: conf rewrite by the journal."""
    stores(d)
    old = put_account(f"{d}/src/etc", "rsa2048", number=1)
    put_lineage(f"{d}/src/etc", "app.example.com", fixture_id("rsa2048"))
    put_lineage(f"{d}/etc", "app.example.com", fixture_id("rsa2048"))
    write_config(d, program, "certificates:\n  app.example.com:\n"
                 "    domains: [app.example.com]\n    peer: [surrogate]\n")
    plain(d, program, ["pull", "surrogate"], 0)
    shutil.rmtree(old)
    put_account(f"{d}/src/etc", "rsa3072", number=2)
    conf = f"{d}/src/etc/renewal/app.example.com.conf"
    text = open(conf).read().replace(fixture_id("rsa2048"),
                                     fixture_id("rsa3072"))
    open(conf, "w").write(text)


def prep_check(d, program):
    """A wrong directory name in use, a crash-causing file, wrong modes."""
    stores(d)
    put_account(f"{d}/etc", "rsa2048", dirname="0" * 32)
    put_lineage(f"{d}/etc", "app.example.com", "0" * 32)
    bad = put_account(f"{d}/etc", "ec-p256", number=5)
    open(f"{bad}/regr.json", "w").close()
    loose = put_account(f"{d}/etc", "rsa3072", number=3)
    os.chmod(f"{loose}/private_key.json", 0o644)
    write_config(d, program)


def prep_restore(d, program):
    prep_check(d, program)
    plain(d, program, ["check", "--fix"], None)


def prep_list(d, program):
    prep_check(d, program)


def prep_push(d, program):
    """There: one to add, one broken to mend as a whole, one that stays."""
    stores(d)
    put_account(f"{d}/etc", "rsa2048", number=1)
    put_account(f"{d}/etc", "ec-p256", number=5)
    put_account(f"{d}/src/etc", "rsa3072", number=3)
    put_account(f"{d}/src/etc", "ec-p256", number=5, drop=("regr.json",))
    write_config(d, program, rights="write")


def by_sftp(d):
    """The far end is reached by sftp, whose server is a child of its own."""
    os.makedirs(f"{d}/bin")
    write(f"{d}/bin/sftp", "#!/bin/sh\nexec /usr/bin/sftp -b - -D "
          "/usr/lib/openssh/sftp-server\n")
    os.chmod(f"{d}/bin/sftp", 0o755)
    write(f"{d}/config.yml",
          f"acme:\n  server: {SERVER}\npeers:\n  surrogate:\n"
          f"    url: sftp://h{d}/src/etc\n")


def sftp_env(d):
    return {"PATH": f"{d}/bin:{os.environ['PATH']}"}


def prep_pull_sftp(d, program):
    prep_pull(d, program)
    put_lineage(f"{d}/src/etc", "app.example.com", fixture_id("rsa2048"))
    os.symlink("ca.example.com", f"{d}/src/etc/accounts/alias")
    by_sftp(d)


def prep_push_sftp(d, program):
    """One to add, one broken to exchange, one under a wrong name that a
    lineage uses."""
    prep_push(d, program)
    put_account(f"{d}/src/etc", "rsa2048", dirname="0" * 32)
    put_lineage(f"{d}/src/etc", "app.example.com", "0" * 32)
    put_account(f"{d}/etc", "ec-p384", number=7)
    by_sftp(d)


def prep_pulled(d, program):
    """A ledger, backups and what authorize wants to know."""
    prep_replaced(d, program)
    plain(d, program, ["pull", "surrogate"], 0)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    f"{d}/key"], check=True)


def prep_detach(d, program):
    """What migrate wrote: two files of config.d, three lines of a conf."""
    prep_empty(d, program)
    put_account(f"{d}/etc", "rsa2048", number=1)
    put_lineage(f"{d}/etc", "app.example.com", fixture_id("rsa2048"))
    with open(f"{d}/etc/renewal/app.example.com.conf", "a") as f:
        f.write("autorenew = False\nhttp01_address = acmeferry..invalid\n"
                "renew_hook = test ! -x /opt/acmeferry || /opt/acmeferry "
                "hook deploy\n")
    os.mkdir(f"{d}/config.d")
    write(f"{d}/config.d/peer-far.yml",
          f"peers:\n  far:\n    url: file://{d}/src/etc\n")
    write(f"{d}/config.d/cert-app.example.com.yml",
          "certificates:\n  app.example.com:\n"
          "    domains: [app.example.com]\n    peer: [far]\n")


def prep_attach(d, program):
    prep_detach(d, program)
    plain(d, program, ["detach", "app.example.com"], 0)


def prep_forget(d, program):
    """One of two."""
    stores(d)
    put_account(f"{d}/etc", "rsa2048", number=1)
    put_account(f"{d}/etc", "rsa3072", number=3)
    write_config(d, program)


def prep_forget_last(d, program):
    """The last one of its server, which a link leads to."""
    stores(d)
    put_account(f"{d}/etc", "rsa2048", number=1)
    link = f"{d}/etc/accounts/old.example.com"
    os.mkdir(link, mode=0o700)
    os.symlink(f"../{SERVER_PATH}", f"{link}/directory")
    write_config(d, program)

# ---- with a CA -------------------------------------------------------------

NAME = "app.example.com"
DAY = datetime.timedelta(1)


class CA:
    """The scripted one, for all runs of a case.  Nothing in it is other after
    a run: who is authorised gets one order, again and again."""

    def __init__(self, folder):
        os.mkdir(folder)
        self.folder, self.pem = folder, f"{folder}/ca.pem"
        # a copy, too: see main()
        self.certbot = shutil.copy(f"{HERE}/certbot.sh", f"{folder}/certbot")
        self.proc = subprocess.Popen(
            [PYTHON, f"{LAB}/acme_server.py", folder, "--host", "127.0.0.1",
             "--seconds", "86400"])
        end = time.monotonic() + 30
        while not os.path.exists(f"{folder}/port"):
            if time.monotonic() > end or self.proc.poll() is not None:
                raise Failure("the scripted ACME server does not start")
            time.sleep(0.05)
        at = "127.0.0.1:" + open(f"{folder}/port").read().strip()
        self.url, self.path = f"https://{at}/dir", f"accounts/{at}/dir"
        self.web = None

    def stop(self):
        self.proc.kill()
        self.proc.wait()
        if self.web:
            self.web.shutdown()
            self.web.server_close()

    def tell(self, *words):
        subprocess.run([PYTHON, f"{LAB}/acme_server.py", "--ctl",
                        self.folder, *words], check=True,
                       stdout=subprocess.DEVNULL)

    def validate(self, name):
        """Of the account that was registered last."""
        self.tell("validate", f"name={name}")

    def prove_each(self):
        """Each order anew, by what the web server of all runs answers."""
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.web.runs = os.path.dirname(self.folder)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        port = self.web.server_address[1]
        self.tell("set", "order_reuse=0", "authz_reuse=0",
                  "failures=1000000000", f"http_port={port}")
        return port

    def register(self, etc):
        """Another account, in that store; its id."""
        path = f"{etc}/{self.path}"
        old = os.listdir(path) if os.path.isdir(path) else []
        subprocess.run([PYTHON, f"{LAB}/many_accounts.py", self.url,
                        self.pem, etc, "1"], check=True)
        return next(n for n in os.listdir(path) if n not in old)


class Objects:
    """An object store for all runs of a case: the path of an object's URL is
    that of its file, in the folder of the run."""

    def __init__(self, folder):
        os.mkdir(folder)
        self.pem = f"{folder}/ca.pem"
        self.proc = subprocess.Popen(
            [PYTHON, f"{LAB}/object_server.py", folder, "127.0.0.1",
             os.path.dirname(folder)])
        end = time.monotonic() + 30
        while not os.path.exists(f"{folder}/port"):
            if time.monotonic() > end or self.proc.poll() is not None:
                raise Failure("the scripted object store does not start")
            time.sleep(0.05)
        port = open(f"{folder}/port").read().strip()
        self.url = f"https://127.0.0.1:{port}"

    def stop(self):
        self.proc.kill()
        self.proc.wait()


def prep_objects(d, program, store):
    """Two hosts with a key pair each, and an object between them."""
    stores(d)
    for name, direction, key in (("", "pull", "senders"),
                                 ("/src", "push", "recipients")):
        write(f"{d}{name}/config.yml",
              f"acme:\n  server: {SERVER}\n  ca_file: {store.pem}\n")
        made = plain(d + name, program, ["identity"], 0)
        write(f"{d}{name}/cert.pem", made.stdout.decode())
    for name, direction, key, other in (("", "pull", "senders", "/src"),
                                        ("/src", "push", "recipients", "")):
        with open(f"{d}{name}/config.yml", "a") as f:
            f.write(f"peers:\n  objects:\n    url: {store.url}{d}/object.cms"
                    f"\n    direction: {direction}\n"
                    f"    {key}: [{d}{other}/cert.pem]\n"
                    f"    token_file: {d}/token\n")
    write(f"{d}/token", "token\n")


def prep_pull_https(d, program, store):
    """One to add, one broken to mend as a whole."""
    prep_objects(d, program, store)
    put_account(f"{d}/etc", "ec-p256", number=5, drop=("regr.json",))
    put_account(f"{d}/src/etc", "rsa2048", number=1)
    put_account(f"{d}/src/etc", "ec-p256", number=5)
    plain(f"{d}/src", program, ["push", "objects", "--all"], 0)


def prep_push_https(d, program, store):
    """The one that writes is the one that is looked at; nothing is there."""
    prep_objects(d, program, store)
    put_account(f"{d}/src/etc", "rsa2048", number=1)
    for f in ("config.yml", "etc", "state"):
        os.rename(f"{d}/{f}", f"{d}/{f}.reader")
        os.rename(f"{d}/src/{f}", f"{d}/{f}")


class Web(BaseHTTPRequestHandler):
    """A response that is in the web root of some run."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        token = os.path.basename(self.path)
        found = glob.glob(f"{self.server.runs}/*/{RESPONSES}/{token}")
        try:
            text = open(found[0], "rb").read()
        except (IndexError, OSError):
            text = b""
        self.send_response(200 if text else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


def make_cert(folder, names, start=0, end=90):
    """cert1.pem and privkey1.pem; start and end in days from now."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    cert = (x509.CertificateBuilder().subject_name(who).issuer_name(who)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start * DAY)
            .not_valid_after(now + end * DAY)
            .add_extension(x509.SubjectAlternativeName(
                [x509.DNSName(n) for n in names]), False)
            .sign(key, hashes.SHA256()))
    os.makedirs(folder, exist_ok=True)
    write(f"{folder}/cert1.pem",
          cert.public_bytes(serialization.Encoding.PEM).decode())
    write(f"{folder}/privkey1.pem", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()).decode())


def online_config(d, ca, cert=True):
    """Children do not see what is to fail: with them it is no other."""
    shown = "${RENEWED_LINEAGE##*/} $RENEWED_DOMAINS"
    deploy = json.dumps(["/bin/sh", "-c", f'echo "{shown}" >{d}/deployed'])
    text = ("environment: [ASAN_OPTIONS, UBSAN_OPTIONS]\n"
            f"acme:\n  server: {ca.url}\n  ca_file: {ca.pem}\n"
            f"certbot:\n  program: {ca.certbot}\n"
            f"  work_dir: {d}/work\n  logs_dir: {d}/logs\n")
    if cert:
        text += (f"certificates:\n  {NAME}:\n    domains: [{NAME}]\n"
                 f"    deploy_hook: {deploy}\n")
    write(f"{d}/config.yml", text)


def prep_account(d, program, ca):
    """An account that is authorised for the name."""
    stores(d)
    account = ca.register(f"{d}/etc")
    ca.validate(NAME)
    online_config(d, ca)
    return account


def prep_key(d, program, ca):
    """The key of an account that is in no store here; in certbot's order."""
    stores(d)
    account = ca.register(f"{d}/etc")
    online_config(d, ca)
    shutil.copy(f"{d}/etc/{ca.path}/{account}/private_key.json",
                f"{d}/key.jwk")
    os.chmod(f"{d}/key.jwk", 0o600)
    shutil.rmtree(f"{d}/etc/accounts")


def prep_known(d, program, ca):
    """The CA was asked before."""
    prep_account(d, program, ca)
    plain(d, program, ["verify"], 0)


def prep_shut(d, program, ca):
    """Nobody has proven the name."""
    stores(d)
    ca.register(f"{d}/etc")
    online_config(d, ca)


def prep_nobody(d, program, ca):
    """No way to the CA."""
    prep_account(d, program, ca)
    conf = open(f"{d}/config.yml").read()
    write(f"{d}/config.yml",
          conf.replace("acme:\n", "acme:\n  proxy: http://127.0.0.1:1\n"))


def prep_mismatch(d, program, ca):
    """Two accounts with a uri that is not theirs."""
    stores(d)
    for i in range(2):
        path = f"{d}/etc/{ca.path}/{ca.register(f'{d}/etc')}/regr.json"
        regr = json.load(open(path))
        regr["uri"] += "0"
        with open(path, "w") as f:
            json.dump(regr, f)
    online_config(d, ca, False)


def prep_issue(d, program, ca):
    """No lineage yet."""
    account = prep_account(d, program, ca)
    make_cert(f"{d}/prepared", [NAME])
    return account


def prep_builtin(d, program, ca):
    """No lineage yet, and no certbot."""
    prep_account(d, program, ca)
    with open(f"{d}/config.yml", "a") as f:
        f.write("    issuer: builtin\n")


def whole_lineage(d):
    """Nothing of it, or a certificate with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    live = f"{d}/etc/live/{NAME}"
    if not os.path.exists(f"{d}/etc/renewal/{NAME}.conf"):
        return
    cert = x509.load_pem_x509_certificate(open(f"{live}/cert.pem",
                                               "rb").read())
    key = serialization.load_pem_private_key(open(f"{live}/privkey.pem",
                                                  "rb").read(), None)
    if cert.public_key().public_numbers() != \
            key.public_key().public_numbers():
        raise Failure("the key is of another certificate")


def prep_due(d, program, ca):
    """A lineage as certbot made it with another account, and it is due."""
    stores(d)
    account = ca.register(f"{d}/etc")
    put_lineage(f"{d}/etc", NAME, account, ca.url, -80, 10)
    account = ca.register(f"{d}/etc")
    ca.validate(NAME)
    online_config(d, ca)
    make_cert(f"{d}/prepared", [NAME])
    write(f"{d}/account", account)


def prep_names(d, program, ca):
    """A lineage that is to have two names."""
    account = prep_issue(d, program, ca)
    ca.validate("b.example.com")
    put_lineage(f"{d}/etc", NAME, account, ca.url)
    make_cert(f"{d}/prepared", [NAME, "b.example.com"])
    online_config(d, ca, False)


def prep_hook(d, program, ca):
    """certbot has renewed."""
    put_lineage(f"{d}/etc", NAME, prep_account(d, program, ca), ca.url)


def hook_env(d):
    return {"RENEWED_LINEAGE": f"{d}/etc/live/{NAME}",
            "RENEWED_DOMAINS": NAME}


def add_peer(d, program, ca, name, rights="read"):
    """Another host, with an account that has proven the name."""
    os.makedirs(f"{d}/{name}/etc")
    account = ca.register(f"{d}/{name}/etc")
    ca.validate(NAME)
    put_lineage(f"{d}/{name}/etc", NAME, account, ca.url)
    write(f"{d}/{name}/config.yml", f"acme:\n  server: {ca.url}\n"
          f"  ca_file: {ca.pem}\n")
    write(f"{d}/{name}/serve.sh", f"#!/bin/sh\nexec {program} -c "
          f"{d}/{name}/config.yml --config-dir {d}/{name}/etc --state-dir "
          f"{d}/{name}/state serve --allow {rights}\n")
    os.chmod(f"{d}/{name}/serve.sh", 0o700)


def prep_migrate(d, program, ca):
    """Nothing is here yet."""
    os.makedirs(f"{d}/state", mode=0o700)
    add_peer(d, program, ca, "peer")
    make_cert(f"{d}/prepared", [NAME])
    online_config(d, ca, False)


def prep_by_peer(d, program, ca):
    """The peer has the account and issues; nothing is here."""
    stores(d)
    add_peer(d, program, ca, "peer", f"issue --name {NAME}")
    online_config(d, ca, False)
    with open(f"{d}/config.yml", "a") as f:
        f.write(f"peers:\n  peer:\n    url: 'exec:'\n"
                f"    command: [{d}/peer/serve.sh]\n"
                f"certificates:\n  {NAME}:\n    domains: [{NAME}]\n"
                f"    peer: [peer]\n    issuer: peer\n")


def prep_prove(d, program, ca, issuer="builtin"):
    """Nothing is authorised; a mounted web root proves it."""
    stores(d)
    os.mkdir(f"{d}/www", mode=0o755)
    ca.register(f"{d}/etc")
    port = ca.prove_each()
    online_config(d, ca)
    with open(f"{d}/config.yml", "a") as f:
        f.write(f"    issuer: {issuer}\n    peer: [web]\n"
                f"peers:\n  web:\n    url: file://{d}/src/etc\n"
                "    challenge: true\n"
                f"    challenge_check: 127.0.0.1:{port}\n"
                f"    webroot: {d}/www\n")


def prep_serve_issue(d, program, ca):
    """The far end orders, proves by its own web root and finalises."""
    stores(d)
    os.mkdir(f"{d}/www", mode=0o755)
    ca.register(f"{d}/src/etc")
    shutil.copytree(f"{d}/src/etc", f"{d}/kept")
    ca.prove_each()
    write(f"{d}/src/config.yml", f"acme:\n  server: {ca.url}\n"
          f"  ca_file: {ca.pem}\n")
    peer = json.dumps([program, "-c", f"{d}/src/config.yml", "--config-dir",
                       f"{d}/src/etc", "--state-dir", f"{d}/src/state",
                       "serve", "--allow", "issue", "--name", NAME,
                       "--webroot", f"{d}/www"])
    write(f"{d}/config.yml",
          "environment: [ACMEFERRY_FAULT, ASAN_OPTIONS, UBSAN_OPTIONS]\n"
          f"acme:\n  server: {ca.url}\n  ca_file: {ca.pem}\n"
          "peers:\n  peer:\n    url: 'exec:'\n"
          f"    command: {peer}\n"
          f"certificates:\n  {NAME}:\n    domains: [{NAME}]\n"
          "    peer: [peer]\n    issuer: peer\n")


def far_intact(d):
    """Who issues keeps its store as it is."""
    whole_lineage(d)
    diff = filecmp.dircmp(f"{d}/kept", f"{d}/src/etc", ignore=[])
    if diff.left_only or diff.right_only or diff.diff_files:
        raise Failure("the far end's store has changed")


def prep_hook_auth(d, program):
    """certbot asks for a response, by the hook."""
    stores(d)
    os.mkdir(f"{d}/www", mode=0o755)
    write(f"{d}/config.yml", f"acme:\n  server: {SERVER}\n"
          f"certificates:\n  {NAME}:\n    domains: [{NAME}]\n"
          "    authenticator: hook\n    peer: [web]\n"
          f"peers:\n  web:\n    url: file://{d}/src/etc\n"
          "    challenge: true\n    challenge_check: 'off'\n"
          f"    webroot: {d}/www\n")


def hook_auth_env(d):
    return {"CERTBOT_DOMAIN": NAME, "CERTBOT_TOKEN": TOKENS[0],
            "CERTBOT_VALIDATION": f"{TOKENS[0]}.{THUMBPRINT}"}


def prep_repoint(d, program, ca):
    """It was migrated from another peer before."""
    prep_migrate(d, program, ca)
    plain(d, program, migrate_argv(d, "peer"), 0)
    add_peer(d, program, ca, "other")


def migrate_argv(d, peer):
    return ["migrate", "exec:", "--command", f"{d}/{peer}/serve.sh", "-d",
            NAME]


TOKENS = ("a" * 43, "b" * 43)
# of the fixture rsa2048
THUMBPRINT = "06PjuaPrO-AzIPlmjEl3cRJZg2_RILBK5kcRwYSbV0k"
RESPONSES = "www/.well-known/acme-challenge"


def prep_challenge(d, program):
    """One account, and a web root with nothing in it."""
    stores(d)
    put_account(f"{d}/etc", "rsa2048", number=1)
    os.mkdir(f"{d}/www", mode=0o755)
    write_config(d, program)


def challenge_stdin():
    """Two responses come, one goes, then the client."""
    out = b"acmeferry 1\n"
    ask = [{"op": "challenge"}]
    ask += [{"put": {"token": t, "key_authorization": f"{t}.{THUMBPRINT}"}}
            for t in TOKENS]
    for a in ask + [{"remove": {"token": TOKENS[1]}}]:
        text = json.dumps(a).encode()
        out += struct.pack(">I", len(text)) + text
    return out


def whole_responses(d):
    """What the web server can give out is never half a response."""
    if not os.path.isdir(f"{d}/{RESPONSES}"):
        return
    for n in os.listdir(f"{d}/{RESPONSES}"):
        text = open(f"{d}/{RESPONSES}/{n}").read()
        if not LITTER.search(n) and text != f"{n}.{THUMBPRINT}":
            raise Failure(f"{n}: half a response: {text!r}")


def old_responses(d):
    """Two hours later what a killed session left is known to be that."""
    when = time.time() - 3 * 3600
    for top, _, files in os.walk(f"{d}/www"):
        for n in files:
            os.utime(os.path.join(top, n), (when, when))


def no_history(d):
    """An attempt that failed is not repeated at once."""
    if os.path.exists(f"{d}/state/renew.json"):
        os.unlink(f"{d}/state/renew.json")


def prep_sync(d, program):
    """One to pull from, one to push to, one that owes its back-off."""
    prep_pull(d, program)
    with open(f"{d}/config.yml", "a") as f:
        f.write(f"  disk:\n    url: file://{d}/disk\n    direction: push\n"
                f"    accounts: [{fixture_id('rsa3072')}]\n")
    text = open(f"{d}/config.yml").read()
    write(f"{d}/config.yml", text.replace(
        "    url: 'exec:'\n", "    url: 'exec:'\n    accounts: ["
        f"{fixture_id('rsa2048')}, {fixture_id('ec-p256')}]\n"))


def no_backoff(d):
    """A peer that failed is to be tried by the next run."""
    if os.path.exists(f"{d}/state/sync.json"):
        os.unlink(f"{d}/state/sync.json")


def prep_identity(d, program):
    stores(d)
    write_config(d, program)


def prep_sealed(d, program):
    """Two hosts that have each other's certificate, one account to seal."""
    stores(d)
    put_account(f"{d}/src/etc", "rsa2048", number=1)
    write_config(d, program)
    for home, name in ((d, "here"), (f"{d}/src", "there")):
        r = plain(home, program, ["identity"], 0)
        with open(f"{d}/{name}.pem", "wb") as f:
            f.write(r.stdout)


def export_argv(d):
    return ["export", f"{d}/a.cms", "--all", "--recipient", f"{d}/here.pem"]


def prep_export(d, program):
    prep_sealed(d, program)
    shutil.rmtree(f"{d}/etc")
    shutil.copytree(f"{d}/src/etc", f"{d}/etc", symlinks=True)


def prep_push_cms(d, program):
    """The same for a peer, where the last one was killed half-way."""
    prep_export(d, program)
    plain(d, program, ["export", f"{d}/b.cms", "--all", "--recipient",
                       f"{d}/here.pem"], 0)
    write(f"{d}/config.yml", f"acme:\n  server: {SERVER}\npeers:\n  stick:\n"
          f"    url: file://{d}/a.cms\n    direction: push\n"
          f"    recipients: [{d}/here.pem]\n")


def prep_import(d, program):
    """One to add, one broken to mend, from a newer one than was seen."""
    prep_sealed(d, program)
    argv = ["import", f"{d}/a.cms", "--sender", f"{d}/there.pem"]
    plain(f"{d}/src", program, ["export", f"{d}/a.cms", "--recipient",
                                f"{d}/here.pem"], 0)
    plain(d, program, argv, 0)
    shutil.rmtree(f"{d}/etc/accounts")
    put_account(f"{d}/src/etc", "ec-p256", number=5)
    put_account(f"{d}/etc", "ec-p256", number=5, drop=("regr.json",))
    plain(f"{d}/src", program, ["export", f"{d}/a.cms", "--all",
                                "--recipient", f"{d}/here.pem"], 0)
    write(f"{d}/config.yml", f"acme:\n  server: {SERVER}\npeers:\n  stick:\n"
          f"    url: file://{d}/a.cms\n    senders: [{d}/there.pem]\n")


def whole_bundle(d):
    """What lies there can be opened, whenever one looks."""
    if not os.path.exists(f"{d}/a.cms"):
        return
    der = f"{d}/opened.der"
    for argv in (["-verify", "-in", f"{d}/a.cms", "-certfile",
                  f"{d}/state/identity.pem", "-nointern", "-noverify",
                  "-out", der],
                 ["-decrypt", "-in", der, "-recip", f"{d}/here.pem",
                  "-inkey", f"{d}/state/identity.key", "-out", der + "2"]):
        r = subprocess.run(["openssl", "cms", "-inform", "DER", "-binary"] +
                           argv, capture_output=True)
        if r.returncode != 0:
            raise Failure(f"half a bundle: {r.stderr.decode()}")
    json.load(open(der + "2"))


SEALED = r"\.cms$|state/bundles/|identity\.(key|pem)$"


def last_backup(d):
    return sorted(n for n in os.listdir(f"{d}/state/backups")
                  if not n.startswith("."))[0]


DEPLOYED = ("deployed", "state/deploy-pending")
CASES = [
    Case("list", prep_list, lambda d: ["list", "--json"], reader=True),
    Case("check", prep_list, lambda d: ["check", "--json"], status=4,
         reader=True),
    Case("check-fresh", prep_list, lambda d: ["check", "--json"], status=4,
         reader=True, fresh=True),
    Case("config", prep_list, lambda d: ["config", "--effective"],
         reader=True),
    Case("pull", prep_pull, lambda d: ["pull", "surrogate", "--all"]),
    Case("pull-empty", prep_empty, lambda d: ["pull", "surrogate"]),
    Case("pull-dry", prep_pull,
         lambda d: ["pull", "surrogate", "--all", "--dry-run"], reader=True),
    Case("replaced", prep_replaced, lambda d: ["pull", "surrogate"]),
    Case("check-fix", prep_check, lambda d: ["check", "--fix"], status=None),
    Case("restore", prep_restore,
         lambda d: ["restore", last_backup(d), "--force"]),
    Case("push", prep_push, lambda d: ["push", "surrogate", "--all"],
         home="/src"),
    Case("push-dry", prep_push,
         lambda d: ["push", "surrogate", "--all", "--dry-run"], reader=True,
         home="/src"),
    Case("serve-write", prep_push, lambda d: ["push", "surrogate", "--all"],
         home="/src", far=True),
    Case("serve-read", prep_pull, lambda d: ["pull", "surrogate", "--all"],
         far=True),
    Case("holders", prep_pulled, lambda d: ["holders", "--json"],
         reader=True),
    Case("backups", prep_pulled, lambda d: ["backups"], reader=True),
    Case("authorize", prep_pulled,
         lambda d: ["authorize", "internal.example.com", "--key",
                    f"{d}/key.pub", "--allow", "read", "--name",
                    "app.example.com", "--as", "sudo"], reader=True),
    Case("verify", prep_account, lambda d: ["verify", "--json"],
         reader=True, online=True, weight=3),
    Case("verify-known", prep_known, lambda d: ["verify", "-d", NAME],
         reader=True, online=True, weight=3),
    Case("verify-shut", prep_shut, lambda d: ["verify", "-d", NAME],
         status=6, reader=True, online=True, weight=3),
    Case("verify-quiet", prep_nobody, lambda d: ["verify", "-q"],
         reader=True, online=True),
    Case("verify-fix", prep_mismatch, lambda d: ["verify", "--fix"],
         online=True, weight=4),
    Case("hook-deploy", prep_hook, lambda d: ["hook", "deploy"],
         online=True, env=hook_env, watch=DEPLOYED),
    Case("issue", prep_issue, lambda d: ["issue", "-d", NAME], online=True,
         watch=DEPLOYED, weight=4),
    Case("issue-builtin", prep_builtin, lambda d: ["issue", "-d", NAME],
         online=True, watch=DEPLOYED, weight=8, vague=r"\.pem$",
         intact=whole_lineage),
    # certbot runs no hook of ours, and the account changes
    Case("issue-adopt", prep_due,
         lambda d: ["issue", "-d", NAME, "--adopt", "--account",
                    open(f"{d}/account").read()], online=True,
         watch=DEPLOYED, weight=6),
    Case("issue-names", prep_names,
         lambda d: ["issue", "-d", f"{NAME},b.example.com", "--cert-name",
                    NAME, "--adopt"], online=True, weight=8),
    Case("migrate", prep_migrate, lambda d: migrate_argv(d, "peer"),
         online=True, watch=("config.d",), weight=8),
    Case("migrate-repoint", prep_repoint, lambda d: migrate_argv(d, "other"),
         online=True, watch=("config.d",), weight=12),
    Case("detach", prep_detach, lambda d: ["detach", "app.example.com"],
         watch=("config.d",)),
    Case("detach-dry", prep_detach,
         lambda d: ["detach", "app.example.com", "--dry-run"], reader=True,
         watch=("config.d",)),
    Case("attach", prep_attach, lambda d: ["restore", last_backup(d)],
         watch=("config.d",)),
    Case("forget", prep_forget,
         lambda d: ["forget", fixture_id("rsa2048")]),
    Case("forget-last", prep_forget_last,
         lambda d: ["forget", fixture_id("rsa2048")]),
    Case("export-key", prep_list, lambda d: ["export", f"{d}/key.pem",
         "--key", "pem", "--account", fixture_id("rsa2048")],
         watch=("key.pem",)),
    Case("import-key", prep_key, lambda d: ["import", f"{d}/key.jwk",
         "--key"], online=True, vague="/meta.json$", weight=3),
    Case("issue-peer", prep_by_peer, lambda d: ["issue", "-d", NAME],
         online=True, weight=8, vague=r"\.pem$", intact=whole_lineage),
    Case("serve-challenge", prep_challenge,
         lambda d: ["serve", "--allow", "challenge", "--webroot",
                    f"{d}/www"], watch=("www",), stdin=challenge_stdin(),
         refused=b'"refused"', intact=whole_responses,
         later=old_responses, syslog=True),
    Case("renew", prep_issue, lambda d: ["renew"], online=True,
         watch=DEPLOYED, later=no_history, weight=6),
    Case("renew-idle", prep_hook, lambda d: ["renew", "--json"],
         online=True, reader=True, weight=4),
    Case("prove", prep_prove, lambda d: ["issue", "-d", NAME], online=True,
         watch=DEPLOYED + ("www",), weight=10, vague=r"\.pem$",
         intact=whole_lineage, later=old_responses),
    Case("serve-issue", prep_serve_issue, lambda d: ["issue", "-d", NAME],
         online=True, watch=("www",), weight=8, vague=r"\.pem$", far=True,
         intact=far_intact, later=old_responses),
    Case("hook-auth", prep_hook_auth, lambda d: ["hook", "auth"],
         env=hook_auth_env, watch=("www", "served"), around="auth",
         left=TOKENS[0],
         intact=whole_responses, later=old_responses),
    Case("hook-cleanup", prep_hook_auth, lambda d: ["hook", "cleanup"],
         env=hook_auth_env, watch=("www", "served"), around="cleanup",
         intact=whole_responses, later=old_responses),
    Case("sync", prep_sync, lambda d: ["sync"], watch=("disk",),
         later=no_backoff),
    Case("sync-dry", prep_sync, lambda d: ["sync", "--dry-run"], reader=True,
         watch=("disk",), weight=3),
    Case("pull-https", prep_pull_https,
         lambda d: ["pull", "objects", "--all"], online=Objects, weight=5),
    Case("push-https", prep_push_https, lambda d: ["push", "objects"],
         online=Objects, watch=("object.cms",), vague=r"object\.cms$",
         weight=5),
    Case("identity", prep_identity, lambda d: ["identity"], vague=SEALED,
         watch=("state/identity.key", "state/identity.pem")),
    Case("export", prep_export, export_argv, vague=SEALED,
         watch=("a.cms", "state/bundles"), intact=whole_bundle),
    Case("push-cms", prep_push_cms, lambda d: ["push", "stick"],
         vague=SEALED, watch=("a.cms", "state/bundles"),
         intact=whole_bundle),
    Case("import", prep_import, lambda d: ["import", f"{d}/a.cms", "--all",
                                           "--sender", f"{d}/there.pem"]),
    Case("pull-cms", prep_import, lambda d: ["pull", "stick", "--all"]),
    Case("pull-sftp", prep_pull_sftp,
         lambda d: ["pull", "surrogate", "--all"], env=sftp_env, weight=5),
    Case("push-sftp", prep_push_sftp,
         lambda d: ["push", "surrogate", "--all"], home="/src", env=sftp_env,
         weight=9),
]


def plain(d, program, args, status, env=None, stdin=None, before=()):
    r = subprocess.run([*before, program] + base_args(d) + args,
                       capture_output=True, timeout=60,
                       env=dict(os.environ, **(env or {})), input=stdin)
    if status is not None and r.returncode != status:
        raise Failure(f"{' '.join(args)}: exit {r.returncode}, want {status}"
                      f": {r.stderr.decode(errors='replace')}")
    return r


class Failure(Exception):
    pass


def snapshot(d, watch=()):
    """Path -> content of what matters in a store, and of what is watched."""
    out = {}
    places = [os.walk(f"{d}/etc")]
    for w in watch:
        if os.path.isfile(f"{d}/{w}"):
            out[f"../{w}"] = open(f"{d}/{w}", "rb").read()
        places.append(os.walk(f"{d}/{w}"))
    for top, dirs, files in itertools.chain(*places):
        dirs.sort()
        for n in dirs + files:
            p = os.path.join(top, n)
            rel = os.path.relpath(p, f"{d}/etc")
            if os.path.islink(p):
                out[rel] = "-> " + os.readlink(p).replace(d, "")
            elif n == ".certbot.lock":
                continue
            elif os.path.isfile(p):
                out[rel] = open(p, "rb").read().replace(d.encode(), b"")
            else:
                out[rel] = None
    return out


def account_dirs(snap):
    out = {}
    for rel, data in snap.items():
        head, name = os.path.split(rel)
        if name in FILES and head.startswith("accounts/"):
            out.setdefault(head, {})[name] = data
    return out


def keys_anywhere(d):
    found = set()
    for root in (f"{d}/etc", f"{d}/state/backups"):
        for top, _, files in os.walk(root):
            for n in files:
                p = os.path.join(top, n)
                if n.startswith(("private_key.json", "privkey")) and \
                        not os.path.islink(p):
                    data = open(p, "rb").read()
                    found.add(data)
    return found


def check_store(d, now, before, goal, keys):
    """Each account wholly old or wholly new; nothing lost."""
    known = list(account_dirs(before).items()) + \
        list(account_dirs(goal).items())
    for path, files in account_dirs(now).items():
        if os.path.basename(os.path.dirname(path)).startswith(".acmeferry-") \
                or os.path.basename(path).startswith(".acmeferry-"):
            continue
        if not any(files == f for p, f in known if p == path):
            raise Failure(f"{path}: neither old nor new: "
                          f"{ {k: len(v) for k, v in files.items()} }")
    lost = keys - keys_anywhere(d)
    if lost:
        raise Failure(f"{len(lost)} keys are nowhere any more")
    for rel, data in now.items():
        if rel.endswith((".conf", ".yml")) and data is not None and \
                data not in (before.get(rel), goal.get(rel),
                             pointed(before.get(rel), goal.get(rel))):
            raise Failure(f"{rel}: neither old nor new")


def pointed(old, new):
    """An old conf with the new account: what certbot renews is this."""
    account = re.search(rb"(?m)^account = .*$", new or b"")
    return old and account and re.sub(rb"(?m)^account = .*$", account[0],
                                      old)


def litter(d):
    out = []
    for root in (f"{d}/etc", f"{d}/state", f"{d}/config.d"):
        for top, dirs, files in os.walk(root):
            out += [os.path.join(top, n) for n in dirs + files
                    if LITTER.search(n)]
    return out


class Torture:
    def __init__(self, case, program, fault):
        self.case, self.program, self.fault = case, program, fault
        self.tmp = tempfile.mkdtemp(prefix="torture-")
        self.proto = f"{self.tmp}/proto"
        os.mkdir(self.proto)
        service = CA if case.online is True else case.online
        self.ca = service(f"{self.tmp}/ca") if service else None
        try:
            self.begin()
        except BaseException:
            self.end()
            raise

    def end(self):
        if self.ca:
            self.ca.stop()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def begin(self):
        case, program = self.case, self.program
        case.prepare(self.proto, program, *[self.ca] if self.ca else [])
        self.before = self.store(self.proto)
        self.keys = keys_anywhere(self.proto + case.home)
        d = self.copy("goal")
        r = self.plain(d, case.status)
        self.status, self.said = r.returncode, self.clean(d, r.stdout)
        self.goal = self.store(d)
        if not case.reader and self.goal == self.before:
            raise Failure("the command changes nothing: nothing is tested")
        d = self.copy("count")
        # a place that is in the far end's sandbox, too
        counts = f"{d}{case.home or '/src' if case.far else ''}/state/counts"
        r = self.run(d, f"count:{counts}")
        if r.returncode != self.status:
            raise Failure(f"undisturbed: exit {r.returncode}: "
                          f"{r.stderr.decode(errors='replace')[-1500:]}")
        self.counts = [int(n) for n in open(counts).read().split()]

    def store(self, d):
        vague = self.case.vague
        return {k: b"" if vague and v and vague.search(k) else
                v.replace(self.fault.encode(), self.program.encode())
                if isinstance(v, bytes) else v for k, v in
                snapshot(d + self.case.home, self.case.watch).items()}

    def clean(self, d, text):
        """What a run printed, but for its folder and the time."""
        text = text.replace(d.encode(), b"").replace(self.fault.encode(),
                                                     self.program.encode())
        text = re.sub(rb"T\d\d:\d\d:\d\dZ", b"", text)
        # columns are as wide as paths are long
        return re.sub(rb" +", b" ", text)

    def before_it(self, d):
        if self.case.around is None:
            return []
        return [PYTHON, f"{HERE}/as_certbot.py", d, self.case.around,
                self.program]

    def plain(self, d, status):
        return plain(d, self.program, self.case.argv(d), status,
                     self.case.env(d), self.case.stdin, self.before_it(d))

    def copy(self, name):
        """The paths in configuration and confs follow the folder."""
        d = f"{self.tmp}/{name}"
        shutil.copytree(self.proto, d, symlinks=True)
        for root in (d,):
            for top, _, files in os.walk(root):
                for n in files:
                    if not n.endswith((".yml", ".conf", ".sh",
                                       "manifest.json")):
                        continue
                    p = os.path.join(top, n)
                    st = os.stat(p)
                    text = open(p).read().replace(self.proto, d)
                    open(p, "w").write(text)
                    os.chmod(p, st.st_mode & 0o7777)
        self.age(d)
        return d

    def age(self, d):
        """A little ahead is fresh, too, and stays so while the run lasts."""
        when = time.time() + (2 if self.case.fresh else -3600)
        for top, _, files in os.walk(d):
            for n in files:
                if n in FILES and "accounts" in top:
                    os.utime(os.path.join(top, n), (when, when))

    def reports(self, d):
        """Where those report whose stderr nobody sees; or None."""
        return f"{d}/src/state" if self.case.far else \
            f"{d}/state" if self.case.around else None

    def run(self, d, spec):
        env = dict(os.environ, ACMEFERRY_FAULT=spec,
                   ACMEFERRY_FAULT_LOG=f"{d}.where",
                   # the leak checker reads /proc, which is outside the
                   # sandbox of one that serves and does not write
                   ASAN_OPTIONS="exitcode=77:detect_leaks=" + (
                       "0" if self.case.name in ("serve-read", "serve-issue",
                                                 "serve-challenge")
                       else "1") + (
                       f":log_path={self.reports(d)}/asan"
                       if self.reports(d) else ""),
                   UBSAN_OPTIONS="halt_on_error=1:exitcode=77",
                   **self.case.env(d))
        program = self.fault
        if self.case.far:
            program = self.program
            conf = f"{d}/config.yml"
            text = open(conf).read()
            write(conf, text.replace(f'["{self.program}"',
                                     f'["{self.fault}"'))
        try:
            return subprocess.run(
                self.before_it(d) + [program] + base_args(d) +
                self.case.argv(d), env=env, capture_output=True, timeout=60,
                input=self.case.stdin)
        except subprocess.TimeoutExpired:
            raise Failure("still running after 60 s")

    def one(self, spec):
        d = self.copy(spec.replace(":", "-"))
        try:
            self.judge(d, spec)
            return None
        except Failure as e:
            return f"{self.case.name} {spec}: {e}{self.where(d)}"
        finally:
            shutil.rmtree(d, ignore_errors=True)

    def where(self, d):
        """The functions above the call that failed."""
        try:
            text = open(f"{d}.where").read()
        except OSError:
            return ""
        at = re.findall(r"\(\+(0x[0-9a-f]+)\)", text)
        r = subprocess.run(["addr2line", "-fse", self.fault] + at,
                           capture_output=True)
        names = r.stdout.decode().split("\n")[0::2]
        return "\n    in " + " < ".join(n for n in names if n[:2] != "__"
                                        and n != "tell_where")

    def judge(self, d, spec):
        r = self.run(d, spec)
        err = r.stderr.decode(errors="replace")
        crash = spec.startswith("crash")
        if self.reports(d):
            # another process dies, or this one is only half of it
            crash = False
            for n in os.listdir(self.reports(d)):
                if n.startswith("asan"):
                    raise Failure(open(f"{self.reports(d)}/{n}")
                                  .read()[-1500:])
        if crash and r.returncode not in (137, self.status):
            raise Failure(f"exit {r.returncode}, want 137: {err[-300:]}")
        if not crash:
            if "Sanitizer" in err or "runtime error" in err or \
                    r.returncode == 77 or r.returncode < 0 or \
                    r.returncode > 9:
                raise Failure(f"exit {r.returncode}: {err[-1500:]}")
            if r.returncode != 0 and not err.strip() and not r.stdout and \
                    not self.case.syslog:
                raise Failure(f"exit {r.returncode} without a word")
            if self.case.reader and r.returncode == self.status and \
                    self.clean(d, r.stdout) != self.said and \
                    not TOLD.search(r.stdout + r.stderr) and \
                    "< read_account <" not in self.where(d):
                raise Failure(f"exit {r.returncode}, but it said "
                              f"{r.stdout.decode()}")
            refused = self.case.refused and self.case.refused in r.stdout
            now = self.store(d)
            if self.case.left and spec.startswith(("crash", "full")):
                now = {k: v for k, v in now.items()
                       if not self.case.left.search(k)}
            # an account that cannot be read is left alone, and comes next time
            if r.returncode == 0 and now != self.goal and not refused and \
                    "< read_account <" not in self.where(d):
                raise Failure("exit 0, but the goal was not reached: "
                              + differs(now, self.goal))
        check_store(d + self.case.home, self.store(d), self.before, self.goal,
                    self.keys)
        self.case.intact(d)
        self.case.later(d)
        again = self.plain(d, None)
        if again.returncode != self.status and not \
                (self.case.status is None and again.returncode in (0, 4)):
            raise Failure(f"the next run: exit {again.returncode}: "
                          f"{again.stderr.decode(errors='replace')[-300:]}")
        if self.store(d) != self.goal:
            raise Failure("the next run does not reach the goal: "
                          + differs(self.store(d), self.goal))
        left = litter(d + self.case.home)
        if left:
            # a run that finds nothing to do in the store does not look for it
            home = d + self.case.home
            subprocess.run([self.program] + base_args(home) +
                           ["check", "--fix"], capture_output=True,
                           timeout=60)
            left = litter(home)
        if left:
            raise Failure(f"litter after the next run: {left}")

    def specs(self, modes, every, weigh):
        alloc, calls, changes = self.counts
        out = []
        # another start each day, so that in time every call has its turn
        day, step = int(time.time() / 86400), self.case.weight if weigh else 1
        every *= step
        start = 1 + day % every
        if "alloc" in modes:
            out += [f"alloc:{n}" for n in range(start, alloc + 1, every)]
        if "sys" in modes:
            out += [f"sys:{n}:{EIO}" for n in range(start, calls + 1,
                                                         every)]
        if "full" in modes:
            out += [f"full:{n}" for n in range(1 + day % step, changes + 1,
                                               step)]
        if "crash" in modes:
            out += [f"crash:{n}" for n in range(1 + day % step, changes + 1,
                                                step)]
        return out


def differs(a, b):
    return ", ".join(sorted(k for k in set(a) | set(b)
                            if a.get(k, 0) != b.get(k, 0)))


def tool(path, folder):
    """certbot's hooks are ours where they name acmeferry."""
    os.mkdir(folder)
    return shutil.copy(path, f"{folder}/acmeferry")


def main(argv):
    every, modes, names = 1, "alloc,sys,full,crash", []
    weigh = False
    program, fault = (os.path.abspath(p) for p in argv[1:3])
    rest = argv[3:]
    while rest:
        a = rest.pop(0)
        if a == "--every":
            every = int(rest.pop(0))
        elif a == "--modes":
            modes = rest.pop(0)
        elif a == "--weigh":
            weigh = True
        else:
            names.append(a)
    # a copy each: a build in the meantime changes nothing
    tools = tempfile.mkdtemp(prefix="torture-")
    program, fault = (tool(p, f"{tools}/{n}") for p, n in
                      ((program, "plain"), (fault, "fault")))
    failed = passed = 0
    for case in CASES:
        if names and case.name not in names:
            continue
        t, began = None, time.monotonic()
        try:
            t = Torture(case, program, fault)
            specs = t.specs(modes.split(","), every, weigh)
            with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
                bad = [b for b in pool.map(t.one, specs) if b]
        except Failure as e:
            bad, specs = [f"{case.name}: {e}"], [None]
        finally:
            if t is not None:
                t.end()
        for b in bad[:20]:
            print("FAILED " + b)
        print(f"{case.name}: {t.counts if t else ''} {len(specs)} runs, "
              f"{len(bad)} failed, {time.monotonic() - began:.0f} s",
              flush=True)
        failed += len(bad)
        passed += len(specs) - len(bad)
    shutil.rmtree(tools, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv))
