#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A far end that lies: speaks PROTOCOL.md on stdin and stdout, with a fault.

usage: peer.py FAULT [SERVER]

For the command: of an exec: peer. Accounts come from tests/fixtures/accounts.
"good" is no fault; the others are in FAULTS below.
"""

import json
import os
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "fixtures", "accounts")
FILES = ("private_key.json", "meta.json", "regr.json")
HELLO = b"acmeferry 1\n"
OUT = sys.stdout.buffer
SERVER = "https://ca.example.com/directory"
HEX = "0123456789abcdef0123456789abcdef"


def identity(name):
    for line in open(os.path.join(FIXTURES, "INDEX")):
        words = line.split()
        if words and words[0] == name:
            return words[1] if words[1] != "-" else HEX
    raise SystemExit(f"no fixture {name}")


def account(name, server=None, uri="https://ca.example.com/acct/1", **more):
    """A frame's object with a fixture's files."""
    files = {}
    for f in FILES:
        with open(os.path.join(FIXTURES, name, f), encoding="utf-8") as fd:
            files[f] = fd.read()
    files["regr.json"] = json.dumps({"body": {}, "uri": uri})
    files.update(more.pop("files", {}))
    told = {"server": server or SERVER, "id": identity(name), "state": "sent",
            "uri": uri}
    told.update(more)
    return {"account": told, "files": files}


def frame(obj):
    data = json.dumps(obj).encode()
    return struct.pack(">I", len(data)) + data


def answer(*objects):
    OUT.write(HELLO + b"".join(frame(o) for o in objects) +
              frame({"end": len(objects)}))


def say(data):
    OUT.write(data)


def end(code, text=""):
    sys.stderr.write(text)
    sys.stderr.flush()
    os._exit(code)


def cut(data):
    OUT.write(data)
    OUT.flush()
    os._exit(0)


def stall(before=b""):
    OUT.write(before)
    OUT.flush()
    time.sleep(600)


GOOD = "rsa2048"
WHOLE = HELLO + frame(account(GOOD)) + frame({"end": 1})
CONTACT = "\x01\x1b[31m" * (64 * 1024 // 6)

FAULTS = {
    "good": lambda: answer(account(GOOD)),
    "ec": lambda: answer(account("ec-p256")),
    "banner": lambda: say(b"Welcome to this host\r\n\r\n" * 20 + WHOLE),
    "long-banner": lambda: say(b"blah blah\n" * 500 + WHOLE),
    "version": lambda: say(b"acmeferry 2\n"),
    "garbage": lambda: say(bytes(range(1, 256)) * 40),
    "html": lambda: say(b"<html><title>502 Bad Gateway</title></html>\n"),
    "nothing": lambda: end(0),
    "exit-127": lambda: end(127, "sh: 1: acmeferry: not found\n"),
    "exit-2": lambda: end(2, "acmeferry: serve: gives nothing without "
                             "--allow\n"),
    "exit-255": lambda: end(255, "unable to connect to the pod\n"),
    "killed": lambda: os.kill(os.getpid(), 9),
    "truncated": lambda: cut(WHOLE[:-40]),
    "no-end": lambda: cut(HELLO + frame(account(GOOD))),
    "oversized": lambda: say(HELLO + struct.pack(">I", 1024 * 1024 + 1) +
                             b"x" * 4096),
    "empty-frame": lambda: say(HELLO + struct.pack(">I", 0)),
    "not-json": lambda: say(HELLO + struct.pack(">I", 4) + b"{'a'"),
    "array": lambda: say(HELLO + struct.pack(">I", 2) + b"[]"),
    "unknown-frame": lambda: say(HELLO + frame({"gift": 1})),
    "miscount": lambda: say(HELLO + frame(account(GOOD)) + frame({"end": 2})),
    "error": lambda: say(HELLO + frame({"error": {
        "code": "trust", "message": "no\x07 right for you"}})),
    "stall": stall,
    "stall-middle": lambda: stall(WHOLE[:600]),
    "foreign": lambda: answer(account(
        GOOD, "https://other.example.com/dir",
        "https://other.example.com/acct/1")),
    "foreign-too": lambda: answer(account(GOOD), account(
        "ec-p256", "https://other.example.com/dir",
        "https://other.example.com/acct/1")),
    "ed25519": lambda: answer(account("okp")),
    "ed25519-too": lambda: answer(account("okp"), account(GOOD)),
    "server-dots": lambda: answer(account(
        GOOD, "https://ca.example.com/../../etc")),
    "server-path": lambda: answer(account(GOOD, "/etc/letsencrypt")),
    "server-hex": lambda: answer(account(
        GOOD, "https://ca.example.com/directory/" + HEX)),
    "id-dots": lambda: answer(account(GOOD, id="..")),
    "id-path": lambda: answer(account(GOOD, id="/etc/passwd")),
    "id-other": lambda: answer(account(GOOD, id=HEX)),
    "uri-elsewhere": lambda: answer(account(
        GOOD, uri="https://evil.example.com/acct/1")),
    "uri-http": lambda: answer(account(
        GOOD, uri="http://ca.example.com/acct/1")),
    "other-key": lambda: answer(account("rsa3072")),
    "control": lambda: answer(account(GOOD, files={"regr.json": json.dumps(
        {"body": {"contact": ["mailto:" + CONTACT]},
         "uri": "https://ca.example.com/acct/1"})})),
    "control-short": lambda: answer(account(GOOD, files={
        "meta.json": json.dumps({
            "creation_dt": "2026-01-01T00:00:00Z",
            "creation_host": "\x1b[2Jhost"})})),
    "wrong-key": lambda: answer(account("rsa-wrong-d")),
    "public-key": lambda: answer(account("rsa-public")),
    "regr-empty": lambda: answer(account(GOOD, files={"regr.json": ""})),
    "no-key": lambda: answer(account(GOOD, files={"private_key.json": None})),
    "have": lambda: answer({"account": {
        "server": SERVER, "id": identity(GOOD), "state": "have",
        "thumbprint": "x" * 43, "uri": "https://ca.example.com/acct/1"}}),
    "listed": lambda: answer({"account": {
        "server": SERVER, "id": identity(GOOD), "state": "listed",
        "uri": "https://ca.example.com/acct/1"}}),
    "two": lambda: answer(account(GOOD), account(
        "ec-p256", uri="https://ca.example.com/acct/2")),
    "none": lambda: answer(),
    "old": lambda: say(HELLO + frame({"error": {
        "code": "error", "message": "'internal': member 'op': found "
        "'challenge', which this acmeferry (0.0.1) does not know"}})),
    "other-token": lambda: say(HELLO + frame({"response": {
        "token": "x", "result": "added", "code": "ok"}})),
    "no-answer": lambda: cut(HELLO),
    "refused-ok": lambda: say(HELLO + frame({"response": {
        "token": "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA",
        "result": "refused", "code": "ok"}})),
    "chatty": lambda: (sys.stderr.write("noise\n" * 100000),
                       answer(account(GOOD))),
}


def main():
    global SERVER
    if len(sys.argv) < 2 or sys.argv[1] not in FAULTS:
        raise SystemExit(__doc__ + "\n" + "\n".join(FAULTS))
    if len(sys.argv) > 2:
        SERVER = sys.argv[2]
    try:
        FAULTS[sys.argv[1]]()
        OUT.flush()
        # as the real one: until the other side goes
        while sys.stdin.buffer.read(65536):
            pass
    except BrokenPipeError:
        os._exit(0)


main()
