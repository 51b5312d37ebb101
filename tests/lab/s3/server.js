// SPDX-License-Identifier: ISC
// An S3-compatible server over TLS that checks signatures of version 4, for
// tests/scenario/52-https-s3.sh: key S3RVER, secret S3RVER, one bucket.
// usage: NODE_PATH=... node server.js DIRECTORY PORT CERT KEY
'use strict';
const fs = require('fs');
const S3rver = require('@20minutes/s3rver');

const [directory, port, cert, key] = process.argv.slice(2);
new S3rver({
	address: '127.0.0.1', port: Number(port), directory: directory,
	cert: fs.readFileSync(cert), key: fs.readFileSync(key),
	silent: false, configureBuckets: [{ name: 'bucket' }]
}).run();
