#!/bin/sh
# SPDX-License-Identifier: ISC
# Whole processes, side by side, as ratios of medians.
# usage: ACMEFERRY=PROGRAM BENCH=FOLDER bench.sh RUNS
# The laboratory of the scenarios starts the services; "$0" is where it looks.
. "${0%/*}/../scenario/lib.sh"
T_ENDED=1
runs=$1
need hyperfine jq pebble sshd rsync "$CERTBOT"
bad=0

# ------------------------------------------------------------- measuring
# median NAME CMD...: seconds, in MEDIAN
median() {
	m_name=$1
	shift
	hyperfine -N --warmup 2 --runs "$runs" --export-json "$T/$m_name.json" \
	    "$@" >"$T/$m_name.log" 2>&1 || {
		echo "'$m_name' failed: $*"
		tail -5 "$T/$m_name.log"
		bad=1
		MEDIAN=0
		return 1
	}
	MEDIAN=$(jq .results[0].median "$T/$m_name.json")
}

# cost CMD...: CPU seconds in CPU and peak KiB in PEAK, of one run
cost() {
	/usr/bin/time -o "$T/cost" -f '%U %S %M' "$@" >/dev/null 2>"$T/cost.err" ||
	    { cat "$T/cost.err"; bad=1; }
	CPU=$(tail -1 "$T/cost" | awk '{ print $1 + $2 }')
	PEAK=$(tail -1 "$T/cost" | awk '{ print $3 }')
}

head_line() {
	printf '%-34s %-30s %9s %9s %8s %8s  %s\n' job against ours theirs \
	    ratio most verdict
}

# row JOB AGAINST OURS THEIRS MOST
row() {
	awk -v job="$1" -v against="$2" -v a="$3" -v b="$4" -v most="$5" '
	function ms(x) { return sprintf("%.4g ms", x * 1000) }
	BEGIN {
		r = b > 0 ? a / b : 999
		printf "%-34s %-30s %9s %9s %8.4f %8.4f  %s\n", job, against,
		    ms(a), ms(b), r, most, r <= most ? "ok" : "ABOVE"
		exit r > most
	}' || bad=1
}

memory() {
	awk -v job="$1" -v k="$2" 'BEGIN {
		printf "%-34s %-30s %5.1f MiB %9s %8s %8s  %s\n", job,
		    "peak memory", k / 1024, "", "", "16 MiB",
		    k <= 16384 ? "ok" : "ABOVE"
		exit k > 16384
	}' || bad=1
}

# fill NAME SERVER-URL COUNT [CA]: once; kept in $BENCH
fill() {
	rm -rf "${T:?}/$1"
	mkdir -p "$T/$1/etc"
	python3 "$T_ROOT/tests/bench/accounts.py" "$T/$1/etc" "$2" "$3" \
	    ${4:+"$4"} || exit 1
}

ours() {
	o_store=$1
	shift
	echo "$ACMEFERRY -c $T/$o_store/config.yml $*"
}

start_pebble
start_sshd
head_line

# ------------------------------------------------------------- one account
cert_at surrogate app.example.com
write_config surrogate
id=$(account_id_at surrogate)
median verify "$(ours surrogate verify --no-order)"
verify1=$MEDIAN
REQUESTS_CA_BUNDLE=$PEBBLE_CA
export REQUESTS_CA_BUNDLE
median show "$CERTBOT show_account --config-dir $T/surrogate/etc \
    --work-dir $T/surrogate/work --logs-dir $T/surrogate/logs \
    --server $PEBBLE_DIR_URL --account $id"
show=$MEDIAN
row 'verify one account' 'certbot show_account' "$verify1" "$show" 0.0833
# shellcheck disable=SC2046 # a command and its arguments
cost $(ours surrogate verify --no-order)
memory 'verify one account' "$PEAK"

# ------------------------------------------------------------- pull
ssh_allow_serve read
write_config internal
ferry_at internal pull surrogate >"$T/first.log" 2>&1 || cat "$T/first.log"
median pull "$(ours internal pull surrogate)"
pull=$MEDIAN
ssh_allow 'restrict'
ssh="ssh -T -F $SSH_CONFIG -p $SSHD_PORT"
median ssh "$ssh 127.0.0.1 true"
row 'pull, nothing changed, ssh' 'ssh host true' "$pull" "$MEDIAN" 1.05
mkdir -p "$T/copy"
median rsync rsync -a -e "'$ssh'" "127.0.0.1:$T/surrogate/etc/accounts" \
    "$T/copy/"
row 'pull, nothing changed, ssh' 'rsync -a' "$pull" "$MEDIAN" 1
ssh_allow_serve read
# shellcheck disable=SC2046
cost $(ours internal pull surrogate)
memory 'pull, nothing changed, ssh' "$PEAK"

# ------------------------------------------------------------- 1,000 accounts
fill thousand "$PEBBLE_DIR_URL" 1000 "$PEBBLE_CA"
write_config thousand
key=$(find "$T/thousand/etc" -name private_key.json | head -1)
runs_kept=$runs
runs=3
median many "$(ours thousand verify --no-order)"
row 'verify 1,000 accounts, each' 'certbot show_account' \
    "$(awk -v m="$MEDIAN" 'BEGIN { print m / 1000 }')" "$show" 0.005
runs=$runs_kept
# shellcheck disable=SC2046
cost $(ours thousand verify --no-order)
cpu=$CPU peak=$PEAK
cost "$BENCH/baseline" sign "$key" 1000
row 'verify 1,000 accounts, CPU' '1,000 RS256 signatures' "$cpu" "$CPU" 2
memory 'verify 1,000 accounts' "$peak"

# ------------------------------------------------------------- 10,000 accounts
fill full https://ca.example.com/directory 10000
write_config full
top=$T/full/etc/accounts/ca.example.com/directory
cat >"$T/cat.sh" <<-E
	find $top -type f -print0 | xargs -0 cat >/dev/null
E
median digest "$BENCH/baseline digest $top"
base=$MEDIAN
median cat "sh $T/cat.sh"
for command in list check; do
	median "$command" "$(ours full $command)" && {
		row "$command, 10,000 accounts" 'read and digest each' \
		    "$MEDIAN" "$base" 2
		row "$command, 10,000 accounts" 'cat, and digest each' \
		    "$MEDIAN" "$(jq -n "$base + $(jq .results[0].median \
		    "$T/cat.json")")" 2
	}
	# shellcheck disable=SC2046
	cost $(ours full $command)
	memory "$command, 10,000 accounts" "$PEAK"
done
exit "$bad"
