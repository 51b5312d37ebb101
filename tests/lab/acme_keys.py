# SPDX-License-Identifier: ISC
"""Keys, signatures and certificates of the scripted ACME server."""
import base64
import datetime
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    encode_dss_signature)
from cryptography.x509.oid import NameOID


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


def ari_id(cert):
    """RFC 9773 section 4.1."""
    key = cert.extensions.get_extension_for_class(
        x509.AuthorityKeyIdentifier).value.key_identifier
    n = cert.serial_number
    return b64(key) + "." + b64(n.to_bytes(n.bit_length() // 8 + 1, "big"))


def is_key_of(jwk, public):
    """Whether a certificate's key is an account's."""
    numbers = public.public_numbers()
    if jwk["kty"] == "RSA":
        return isinstance(public, rsa.RSAPublicKey) and \
            numbers.n == number(jwk["n"])
    return isinstance(public, ec.EllipticCurvePublicKey) and \
        (numbers.x, numbers.y) == (number(jwk["x"]), number(jwk["y"]))


# ---- the CA's own keys, and what it makes of a CSR --------------------------

def at(t):
    return datetime.datetime.utcfromtimestamp(t)


class Issuer:
    """A root, another root, and an intermediate that both have signed."""

    ROOT, OTHER, INTERMEDIATE = "test CA", "other test CA", "test R1"

    def __init__(self, now):
        day = 86400
        start, end = at(now - 1000 * day), at(now + 1000 * day)
        self.key, self.other_key, self.inter_key = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3))

        def make(name, by, by_key, key):
            return certificate(name, by, by_key, key.public_key(), start,
                               end, True)
        self.root = make(self.ROOT, self.ROOT, self.key, self.key)
        self.other = make(self.OTHER, self.OTHER, self.other_key,
                          self.other_key)
        self.intermediates = [
            make(self.INTERMEDIATE, self.ROOT, self.key, self.inter_key),
            make(self.INTERMEDIATE, self.OTHER, self.other_key,
                 self.inter_key)]

    def leaf(self, names, public, start, end):
        return certificate(names[0], self.INTERMEDIATE, self.inter_key,
                           public, at(start), at(end), False,
                           [x509.DNSName(n) for n in names])

    def chain(self, leaf, which=0):
        return pem(leaf) + pem(self.intermediates[which])

    def spoiled(self, what, cert):
        """(media type, body) of a certificate that is not as it should be;
        None: `what` is another kind of misbehaviour."""
        kind = "application/pem-certificate-chain"
        good, leaf = self.chain(cert["leaf"]), cert["leaf"]
        stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
        span = cert["not_before"], cert["not_after"]
        if what == "foreign":
            leaf = self.leaf(["stranger.example.com"], stranger, *span)
        elif what == "other-key":
            leaf = self.leaf(cert["names"], stranger, *span)
        elif what == "other-names":
            leaf = self.leaf(["stranger.example.com"], leaf.public_key(),
                             *span)
        elif what == "fewer-names":
            leaf = self.leaf(cert["names"][:1], leaf.public_key(), *span)
        elif what == "expired":
            leaf = self.leaf(cert["names"], leaf.public_key(),
                             span[0] - 1000, span[0] - 1)
        elif what == "plain":
            return "text/plain", good
        elif what == "words":
            return kind, b"subject=CN = x\n" + good
        elif what == "key-inside":
            return kind, good + b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n" \
                b"-----END EC PRIVATE KEY-----\n"
        elif what == "junk-der":
            return kind, b"-----BEGIN CERTIFICATE-----\nAAAA\n" \
                b"-----END CERTIFICATE-----\n" + good
        elif what == "backwards":
            return kind, pem(self.intermediates[0]) + pem(leaf)
        elif what == "wrong-issuer":
            return kind, pem(leaf) + pem(self.other)
        elif what == "leaf-alone":
            return kind, pem(leaf)
        elif what == "half":
            return kind, good[:len(good) // 3]
        else:
            return None
        return kind, self.chain(leaf)
