#!/bin/sh
# SPDX-License-Identifier: ISC
# Fetches the S3-compatible server of tests/scenario/52-https-s3.sh, at the
# versions of tests/lab/s3/package-lock.json, into a folder of build/ that is
# kept; nothing else needs it. Where npm cannot have it, FOLDER/why says so, and
# the scenario is skipped with that.
# usage: s3.sh FOLDER
set -u
lab=$(cd "$(dirname "$0")/s3" && pwd) || exit 1
mkdir -p "$1" && cd "$1" || exit 1
if cmp -s "$lab/package-lock.json" installed; then
	exit 0
fi
rm -rf node_modules installed why
cp "$lab/package.json" "$lab/package-lock.json" .
if ! command -v npm >/dev/null 2>&1; then
	echo "npm is not installed" >why
elif npm ci --no-audit --no-fund --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=30000 >npm.log 2>&1 </dev/null; then
	mv package-lock.json installed
else
	echo "npm could not fetch the S3-compatible server" >why
	tail -5 npm.log >&2
fi
