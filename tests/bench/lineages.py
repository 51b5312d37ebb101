# SPDX-License-Identifier: ISC
"""Makes many lineages, as certbot leaves them, for one account.

usage: lineages.py CERTBOT-DIR SERVER-URL ACCOUNT-ID COUNT
"""

import datetime
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CONF = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = {top}/archive/{name}
cert = {top}/live/{name}/cert.pem
privkey = {top}/live/{name}/privkey.pem
chain = {top}/live/{name}/chain.pem
fullchain = {top}/live/{name}/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = {account}
authenticator = webroot
webroot_path = /var/www/html,
server = {server}
key_type = ecdsa
[[webroot_map]]
"""


def main():
    top, server, account, count = sys.argv[1:]
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM,
                            serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench CA")])
    now = datetime.datetime.utcnow()
    os.makedirs(f"{top}/renewal", exist_ok=True)
    for i in range(int(count)):
        name = f"host{i:05}.example.com"
        cert = (x509.CertificateBuilder()
                .subject_name(x509.Name([])).issuer_name(issuer)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=10))
                .not_valid_after(now + datetime.timedelta(days=80))
                .add_extension(x509.SubjectAlternativeName(
                    [x509.DNSName(name), x509.DNSName("www." + name)]), True)
                .sign(key, hashes.SHA256()))
        text = cert.public_bytes(serialization.Encoding.PEM)
        for folder in ("archive", "live"):
            os.makedirs(f"{top}/{folder}/{name}", mode=0o755)
        for kind, data in (("cert", text), ("privkey", pem), ("chain", text),
                           ("fullchain", text + text)):
            path = f"{top}/archive/{name}/{kind}1.pem"
            with open(path, "wb") as f:
                f.write(data)
            os.chmod(path, 0o600 if kind == "privkey" else 0o644)
            os.symlink(f"../../archive/{name}/{kind}1.pem",
                       f"{top}/live/{name}/{kind}.pem")
        with open(f"{top}/renewal/{name}.conf", "w") as f:
            f.write(CONF.format(top=top, name=name, account=account,
                                server=server))


main()
