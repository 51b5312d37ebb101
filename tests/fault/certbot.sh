#!/bin/sh
# SPDX-License-Identifier: ISC
# Stands in for certbot in torture.py, which starts it some thousand times:
# the real one takes more than a second.  What is tested there is what we do
# before and after it, not certbot; the scenarios have the real one.
#
# certonly and renew save the certificate that lies prepared beside the
# configuration directory (prepared/cert1.pem, privkey1.pem), as the next version
# of the lineage, write renewal/NAME.conf and run the lineage's hook.  It asks no
# CA, and it ends what it began though it is told to stop.
set -eu
trap '' TERM INT HUP

[ "$1" != --version ] || {
	echo 'certbot 2.1.0'
	exit 0
}
verb=$1
shift
etc='' name='' server='' account='' hook=''
while [ $# -gt 0 ]; do
	case $1 in
	--config-dir) etc=$2 ;;
	--cert-name) name=$2 ;;
	--server) server=$2 ;;
	--account) account=$2 ;;
	--deploy-hook) hook=$2 ;;
	esac
	shift
done
conf=$etc/renewal/$name.conf
live=$etc/live/$name
archive=$etc/archive/$name
if [ "$verb" = renew ]; then
	while read -r key eq value; do
		case $key$eq in
		server=) server=$value ;;
		account=) account=$value ;;
		renew_hook=) hook=$value ;;
		esac
	done <"$conf"
fi

mkdir -p "$etc/renewal" "$live" "$archive"
n=1
if [ -e "$conf" ]; then
	n=$(readlink "$live/cert.pem")
	n=${n##*/cert}
	n=$((${n%.pem} + 1))
fi
cp "$etc/../prepared/privkey1.pem" "$archive/privkey$n.pem"
for k in cert chain fullchain; do
	cp "$etc/../prepared/cert1.pem" "$archive/$k$n.pem"
done
for k in privkey cert chain fullchain; do
	ln -sfn "../../archive/$name/$k$n.pem" "$live/$k.pem"
done
{
	echo "# renew_before_expiry = 30 days"
	echo "version = 2.1.0"
	echo "archive_dir = $archive"
	for k in cert privkey chain fullchain; do
		echo "$k = $live/$k.pem"
	done
	echo
	echo "# Options used in the renewal process"
	echo "[renewalparams]"
	echo "account = $account"
	echo "authenticator = standalone"
	echo "http01_address = acmeferry..invalid"
	echo "autorenew = False"
	[ -z "$hook" ] || echo "renew_hook = $hook"
	echo "server = $server"
	echo "key_type = ecdsa"
} >"$conf.tmp"
mv "$conf.tmp" "$conf"
[ -n "$hook" ] || exit 0
# a hook that fails is only noted by certbot
RENEWED_LINEAGE=$live RENEWED_DOMAINS=$name sh -c "$hook" || [ $? != 77 ]
