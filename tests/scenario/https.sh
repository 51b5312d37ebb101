# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# For scenarios with object stores; included behind lib.sh.
#
#	host NAME		a store with a configuration and a key pair,
#				whose certificate is $T/NAME.pem
#	peer NAME URL DIRECTION [LINE...]	adds the peer "objects" to the
#				configuration of that store, and only it
#	start_objects		the scripted store: OBJECTS (its folder),
#				OBJECTS_URL
#	objects_do [LINE...]	what it does from now on; none: as it should
#	asked			its requests since the last call, a line each
#	dav_asked		the same of nginx
#	start_dav		nginx with WebDAV: DAV (its folder), DAV_URL,
#				MTLS_URL (wants a client certificate); /open/,
#				/basic/ (user:DAV_PASSWORD), /bearer/ (DAV_TOKEN)

# shellcheck source=bundle.sh
. "$T_ROOT/tests/scenario/bundle.sh"

host() {
	store "$1"
	printf 'acme:\n  server: %s\n  ca_file: %s\n' "$SERVER" "$CA_FILE" \
	    >"$T/$1/config.yml"
	chmod 600 "$T/$1/config.yml"
	cp "$T/$1/config.yml" "$T/$1/config.base"
	ferry_at "$1" identity >"$T/$1.pem" 2>"$T/$1.said"
}

peer() {
	t_p=$1 t_url=$2 t_direction=$3
	shift 3
	{
		cat "$T/$t_p/config.base"
		printf 'peers:\n  objects:\n    url: %s\n    direction: %s\n' \
		    "$t_url" "$t_direction"
		if [ "$t_direction" = push ]; then
			printf '    recipients: [%s]\n' "$T/internal.pem"
		else
			printf '    senders: [%s]\n' "$T/surrogate.pem"
		fi
		for t_line in "$@"; do
			printf '    %s\n' "$t_line"
		done
	} >"$T/$t_p/config.yml"
}

start_objects() {
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null ||
	    skip_all "python3-cryptography is not installed (make deps)"
	OBJECTS=$T/objects
	mkdir "$OBJECTS"
	start objects /usr/bin/python3 "$T_ROOT/tests/lab/object_server.py" \
	    "$OBJECTS" 127.0.0.1
	t_must "the scripted object store" "$T/objects.log" \
	    test -s "$OBJECTS/port"
	OBJECTS_URL=https://127.0.0.1:$(cat "$OBJECTS/port")
	CA_FILE=$OBJECTS/ca.pem
}

objects_do() {
	for t_line in "$@"; do
		printf '%s\n' "$t_line"
	done >"$OBJECTS/mode.new"
	mv "$OBJECTS/mode.new" "$OBJECTS/mode"
}

asked() {
	cat "$OBJECTS/requests.log"
	: >"$OBJECTS/requests.log"
}

start_dav() {
	need nginx openssl
	t_pebble_certs
	DAV=$T/dav
	mkdir -p "$DAV/root/open" "$DAV/root/basic" "$DAV/root/bearer" \
	    "$DAV/root/mtls" "$DAV/tmp"
	cat "$T/pebble/ext" - >"$T/dav.ext" <<-E
		subjectAltName=DNS:localhost,DNS:objects.example.com,IP:127.0.0.1
	E
	sed -i '1d' "$T/dav.ext"
	openssl x509 -req -in "$T/pebble/csr.pem" -CA "$T/pebble/ca.pem" \
	    -CAkey "$T/pebble/ca.key" -CAcreateserial -days 20 \
	    -extfile "$T/dav.ext" -out "$T/dav.pem" 2>>"$T/pebble/openssl"
	free_port
	t_dav=$PORT
	free_port
	t_mtls=$PORT
	free_port
	t_plain=$PORT
	# htpasswd's {PLAIN}
	printf 'user:{PLAIN}%s\n' "${DAV_PASSWORD:=secret}" >"$DAV/users"
	cat >"$DAV/nginx.conf" <<-E
		daemon off;
		master_process off;
		pid $DAV/pid;
		error_log stderr;
		events { worker_connections 64; }
		http {
		  log_format t '\$request_method \$uri \$status \$body_bytes_sent';
		  access_log $DAV/access.log t;
		  client_max_body_size 40m;
		  client_body_temp_path $DAV/tmp/body;
		  proxy_temp_path $DAV/tmp/proxy;
		  fastcgi_temp_path $DAV/tmp/fastcgi;
		  uwsgi_temp_path $DAV/tmp/uwsgi;
		  scgi_temp_path $DAV/tmp/scgi;
		  ssl_certificate $T/dav.pem;
		  ssl_certificate_key $T/pebble/key.pem;
		  root $DAV/root;
		  dav_methods PUT;
		  map_hash_bucket_size 256;
		  map \$http_authorization \$known {
		    default 0;
		    "Bearer ${DAV_TOKEN:=token.OF_TEST}" 1;
		  }
		  server {
		    listen 127.0.0.1:$t_dav ssl;
		    location /basic/ {
		      auth_basic objects;
		      auth_basic_user_file $DAV/users;
		    }
		    location /bearer/ {
		      if (\$known = 0) { return 401; }
		    }
		    location /read-only/ { dav_methods off; }
		  }
		  server {
		    listen 127.0.0.1:$t_plain;
		    access_log off;
		    return 204;
		  }
		  server {
		    listen 127.0.0.1:$t_mtls ssl;
		    ssl_client_certificate $T/pebble/ca.pem;
		    ssl_verify_client on;
		  }
		}
	E
	start dav nginx -e stderr -c "$DAV/nginx.conf"
	t_must nginx "$T/dav.log" port_open "$t_mtls"
	DAV_PORT=$t_dav
	DAV_URL=https://127.0.0.1:$t_dav
	MTLS_URL=https://127.0.0.1:$t_mtls
	CA_FILE=$T/pebble/ca.pem
}

# nginx writes its log behind the answer: what it is asked now is later
dav_asked() {
	/usr/bin/python3 -c 'import sys, urllib.request as u
u.urlopen(u.Request(sys.argv[1]), timeout=10).read()' \
	    "http://127.0.0.1:$t_plain/"
	cat "$DAV/access.log"
	: >"$DAV/access.log"
}
