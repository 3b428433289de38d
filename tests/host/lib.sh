# lib.sh - what every test on the booted relay may use
#
# Sourced by run for each test.  Works through packaging/lab on the lab $name; the helpers that run inside it are
# in tests/host/inside and lie in /root/host there, packaging/demo.d in /root/demo.d.  What spoolguard did is read
# from its recorder file by record.py, so that no test depends on the tool it might be testing.
# shellcheck shell=bash

inside() { "$lab" exec "$name" "$@"; }
fail() {
	echo "FAIL: $*"
	exit 1
}
figure() { echo "FIGURE $*"; }

# Writes standard input to a file inside.
put_text() {
	local file
	file=$(mktemp)
	cat >"$file"
	"$lab" put "$name" "$file" "$1"
	inside chmod 0644 "$1"
	rm -f "$file"
}

# Python inside, program on standard input; record, control and bus can be imported.
judge() { inside env PYTHONPATH=/root/host:/root/demo.d python3 - "$@"; }

# Waits up to $1 seconds until the command succeeds.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "still not true after its time: $*"
			return 1
		fi
		sleep 0.2
	done
}

property() { # object-below-root interface property -> value as busctl prints it, without the type
	inside busctl get-property org.spoolguard1 "/org/spoolguard1${1:+/$1}" "org.spoolguard1.$2" "$3" |
		sed -E 's/^[a-z]+ //; s/^"(.*)"$/\1/'
}
state() { property '' Manager State; }
state_is() { [ "$(state)" = "$1" ]; }
answers() { [ -n "$(property '' Manager State 2>/dev/null)" ]; }
executor_pid() { inside systemctl show -p MainPID --value spoolguard; }
watcher_pid() { inside pgrep -P "$(executor_pid)" -f 'role=watcher'; }
both_alive() { [ "$(inside systemctl is-active spoolguard)" = active ] && [ -n "$(watcher_pid)" ] && answers; }

# The record: see inside/record.py for the arguments.
events() { inside /root/host/record.py list "$@"; }
count_events() { inside /root/host/record.py count "$@"; }
wait_event() { inside /root/host/record.py wait "$@"; }
decisions() { inside /root/host/record.py decisions; }
root_orders() { inside /root/host/control.py "$@"; }

# What spoolguard told the journal since a moment made by `now`.
now() { inside date +'%F %T.%6N'; }
log_since() { inside sh -c 'journalctl --sync; journalctl -q --no-pager -o cat -u spoolguard --since "$1"' log_since "$1"; }
say_nothing_twice() { # lines on standard input must be one
	local lines
	lines=$(cat)
	[ "$(grep -c . <<<"$lines")" -eq 1 ] || fail "not one line: $lines"
	echo "$lines"
}

# A service gone wrong fills the journal: LINES at RATE a second, ends when it ends.
flood() { inside systemd-run -q --wait --unit=flood python3 /root/host/flood.py "${1:-75000}" "${2:-15000}"; }
# The same trouble at once.
fill() { inside /root/host/fill "$@"; }
calm() { inside rm -f /var/log/filler; }
healed() { wait_event "${1:-30}" incident-closed; }

# Configuration of the site, then: is it in force?
configure() { # name.lua, text on standard input
	put_text "/etc/spoolguard/conf.d/$1"
}
reload() { inside systemctl reload spoolguard; }
# journalctl is something else for spoolguard from its next start on.
fake_journalctl() { # file inside
	inside sh -c "[ -e /usr/local/lib/journalctl ] || cp -p /usr/bin/journalctl /usr/local/lib/journalctl
		install -m 0755 $1 /run/journalctl && mount --bind /run/journalctl /usr/bin/journalctl"
}
start_pager() {
	inside systemd-run -q --unit=pager python3 /root/demo.d/pager.py /root/pages
	configure pager.lua <<<'return { notify = { command = { "/usr/local/sbin/page-me" } } }'
}

start() {
	inside systemctl start spoolguard
	wait_until 30 answers
}
stop() { inside systemctl stop spoolguard; }

# Once per lab.
lab_prepare() {
	inside rm -rf /root/demo.d /root/host
	"$lab" put "$name" "$source_tree/packaging/demo.d" /root/demo.d
	"$lab" put "$name" "$tests/inside" /root/host
	inside /root/host/prepare
}

# A relay as it was installed: default configuration, empty record, calm disk.
lab_reset() {
	inside /root/host/reset
	start
}
