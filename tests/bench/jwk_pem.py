#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An RSA account key of certbot's, as PEM for other clients.

usage: jwk_pem.py private_key.json
"""

import base64
import json
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        jwk = json.load(f)
    n, e, d, p, q, dp, dq, qi = (
        int.from_bytes(base64.urlsafe_b64decode(jwk[k] + "==="), "big")
        for k in ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
    key = rsa.RSAPrivateNumbers(
        p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n)).private_key()
    sys.stdout.write(key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()).decode())


main()
