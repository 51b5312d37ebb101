#!/bin/sh
# SPDX-License-Identifier: ISC
# Installs the packages that a target needs and that are missing; says so
# first. Quick and silent when nothing is missing. Debian and Ubuntu; as root,
# or through sudo. No service that comes with a package is started.
# usage: deps.sh build|demo|test|lint|fuzz|cov|bench|certbots...
set -eu

build='gcc make pkg-config libc6-dev libssl-dev libcurl4-openssl-dev
	libjson-c-dev libyaml-dev'
demo='certbot pebble openssh-server openssh-client openssl python3'
test="$demo lego dehydrated uacme libcmocka-dev nginx-light apache2 caddy haproxy
	jq perl ca-certificates sudo ansible-core dnsmasq-base iproute2 util-linux
	procps rsync valgrind strace"
# some machines have a newer node, which brings its own npm
command -v npm >/dev/null 2>&1 || test="$test nodejs npm"
lint="libcmocka-dev clang clang-tidy cppcheck shellcheck mandoc"
fuzz='clang libclang-rt-dev'
cov="$test clang llvm libclang-rt-dev"
bench="$test time curl"
certbots="$test python3-venv"

want=
for kind in "$@"; do
	case $kind in
	build) want="$want $build" ;;
	demo) want="$want $demo" ;;
	test) want="$want $test" ;;
	lint) want="$want $lint" ;;
	fuzz) want="$want $fuzz" ;;
	cov) want="$want $cov" ;;
	bench) want="$want $bench" ;;
	certbots) want="$want $certbots" ;;
	*)
		echo "'$kind': no such set of packages" >&2
		exit 2
		;;
	esac
done

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

# one dpkg-query for the usual case: everything is there
have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p') || have=
missing=
for package in $want; do
	case "
$have
" in
	*"
$package
"*) continue ;;
	esac
	case " $missing " in *" $package "*) continue ;; esac
	# another package may provide it, as pkgconf does pkg-config
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	cat >&2 <<-E
		These packages are needed (their Debian names); apt-get is not
		here to install them:
		   $missing
	E
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null 2>&1 || {
		echo "Run as root, or install sudo; needed:$missing" >&2
		exit 1
	}
fi
echo "Installing:$missing"

# A package's own service is not wanted: this is a laboratory with its own
# ports. Where the machine has no policy of its own, one is set meanwhile.
policy=/usr/sbin/policy-rc.d
made=
cleanup() {
	[ -z "$made" ] || $as_root rm -f "$policy"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
	made=1
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi
apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
	    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
	    -o DPkg::Lock::Timeout=300 "$@"
}
log=$(mktemp)
apt update >"$log" 2>&1 || cat "$log" >&2
# shellcheck disable=SC2086 # a list of package names
if ! apt install -y --no-install-recommends $missing >"$log" 2>&1; then
	tail -40 "$log" >&2
	rm -f "$log"
	echo "apt-get could not install:$missing" >&2
	exit 1
fi
rm -f "$log"
