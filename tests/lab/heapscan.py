#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Looks for the private members of a JWK in the memory of a process.

    heapscan.py PID JWK-FILE

All writable memory, stack and freed memory included; each member as base64url
text and decoded in both byte orders, by any 16 bytes in a row of its middle.
Needs root (the process does not let itself be traced).  Exit 1 where something
was found, and says what and where, never the value.
"""
import base64
import json
import sys

PIECE = 16


def needles(jwk):
    for name in ("d", "p", "q", "dp", "dq", "qi"):
        text = jwk.get(name)
        if text is None:
            continue
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        for how, data in (("text", text.encode()), ("bytes", raw),
                          ("reversed", raw[::-1])):
            middle = (len(data) - PIECE) // 2
            yield f"{name} as {how}", data[middle:middle + PIECE]


def regions(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        for line in f:
            words = line.split()
            start, end = (int(x, 16) for x in words[0].split("-"))
            if words[1].startswith("rw"):
                yield start, end, words[5] if len(words) > 5 else "anonymous"


def main(pid, path):
    with open(path, encoding="utf-8") as f:
        wanted = list(needles(json.load(f)))
    found = scanned = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for start, end, name in regions(pid):
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except (OSError, OverflowError):
                continue
            scanned += len(data)
            for what, needle in wanted:
                if needle in data:
                    print(f"found {what} in {name}")
                    found += 1
    print(f"{scanned} bytes, {found} found")
    sys.exit(1 if found or scanned == 0 else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
