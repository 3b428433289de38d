# outage.sh - what the tests of outages have in common: a world outside in its own network, and what is said of its faults
#
# Sourced by 5NN tests after nights.sh.  See inside/outside for the addresses and the faults.
# shellcheck shell=bash

outside() { inside /root/host/outside "$@"; }

# $name is a new relay whose name servers and next hops are all outside, with spoolguard in it.
outage_night() {
	new_relay
	stop
	keep_state_apart
	outside make
}

# Mail all the time, some each second: UNIT LIST DOMAIN PREFIX PER_SECOND
stream() {
	inside systemd-run -q --unit="$1" python3 /root/demo.d/inject.py "$2" "$3" "$4" 0 "$5"
}
stop_streams() { inside sh -c 'systemctl stop "stream-*" 2>/dev/null; systemctl reset-failed "stream-*" 2>/dev/null' || true; }

# The incident that is open: what it says, or nothing.
diagnosis() {
	judge <<-'END'
		import subprocess
		from bus import objects
		try:
		    print(*(i["Diagnosis"] for _, i in objects("Incident") if not i["ClosedUSec"]), sep="\n")
		except subprocess.CalledProcessError:
		    pass
	END
}

# Who is to blame, by the words of a diagnosis on standard input.
culprit() { inside /root/host/culprit.py; }
# Everybody but EXPECTED who was blamed since the record began, also for a moment between two looks.
others_blamed() { # EXPECTED
	inside /root/host/culprit.py recorded | grep -vxe "$1" -e nothing || true
}

# Looks each second who is blamed.  Fails unless EXPECTED is within 30 s, still is at the end, and nobody else at any
# time of it.
watch_blame() { # EXPECTED LABEL SECONDS
	local expected=$1 label=$2 began=$SECONDS said found='' at='' others
	while [ $((SECONDS - began)) -lt "$3" ]; do
		sleep 1
		said=$(diagnosis)
		found=$(culprit <<<"$said")
		[ "$found" != "$expected" ] || [ -n "$at" ] || at=$((SECONDS - began))
	done
	others=$(others_blamed "$expected" | xargs)
	figure "$label: $found${at:+ after $at s}: ${said:-nothing is said}${others:+; but meanwhile: $others}"
	[ "$found" = "$expected" ] && [ -z "$others" ] && { [ "$expected" = nothing ] || [ "$at" -le 30 ]; } && return
	events | tail -n 20
	inside spoolguardctl status || true
	return 1
}

# One case: everything in order and known to be, then FAULT..., then who is blamed for half a minute.
blame() { # EXPECTED DOMAIN LABEL FAULT...
	local expected=$1 domain=$2 label=$3
	shift 3
	stop_streams
	inside systemctl stop spoolguard
	outside calm
	inside sh -c 'postsuper -d ALL; systemctl restart postfix@-; rm -rf /var/lib/spoolguard/recorder /run/spoolguard/recorder' 2>/dev/null
	start
	stream stream-flow /root/flow.list flow.test F 1
	stream stream-case /root/case.list "$domain" C 2
	sleep 8
	[ -z "$(diagnosis)" ] || fail "$label: before the fault: $(diagnosis)"
	"$@" || fail "$label: the fault could not be set"
	watch_blame "$expected" "$label" "${BLAME_SECONDS:-32}"
}
# All cases are tried, whatever the first ones say.
blamed=0
blame_or_note() { blame "$@" || blamed=$((blamed + 1)); }

does() { inside sh -c 'echo "$2" >"/root/outside/198.51.100.$1.does"' does "$@"; } # LAST-BYTE WHAT
rate() { # LAST-BYTE SECONDS -> messages that this server takes in a second, from now on
	local before after
	before=$(inside grep -c " 198.51.100.$1 " /root/outside/taken) || true
	sleep "$2"
	after=$(inside grep -c " 198.51.100.$1 " /root/outside/taken) || true
	echo $(((after - before) / $2))
}
# Every serial of the lists was taken outside exactly once.
taken_once() { # LIST...
	judge "$@" <<-'END' || fail "not every message was delivered exactly once"
		import sys
		from collections import Counter
		column = lambda path: [line.split()[-1] for line in open(path, encoding="ascii")]
		times = Counter(column("/root/outside/taken"))
		sent = [serial for path in sys.argv[1:] for serial in column(path)]
		missing, twice = [s for s in sent if not times[s]], [s for s in sent if times[s] > 1]
		print(f"{len(sent)} injected, {len(missing)} missing, {len(twice)} twice")
		sys.exit(not sent or bool(missing or twice))
	END
}
actions_done() { # VERB -> how many went well
	count_events action-outcome "verb=$1" status=done
}
