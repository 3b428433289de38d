# nights.sh - what the tests of mail have in common: the relay of the demo's night, in small and in a hurry
#
# Sourced by 2NN, 3NN and 4NN tests after lib.sh.  Each night has a lab of its own, named by run: several are under way
# at once, and other tests mask rsyslog and fill the journal.  Mail is injected and counted by packaging/demo.d, as in
# the demo.
# shellcheck shell=bash

# $name is a new relay with spoolguard in it, and with what the tests bring along.
new_relay() {
	"$lab" up --deb "$packages" --log-size "${log_size:-256M}" --spool-size "${spool_size:-512M}" "$name"
	"$lab" put "$name" "$source_tree/packaging/demo.d" /root/demo.d
	"$lab" put "$name" "$tests/inside" /root/host
	# Tests stop and start Postfix more often than systemd lets anybody.
	inside mkdir -p /etc/systemd/system/postfix@.service.d
	put_text /etc/systemd/system/postfix@.service.d/tests.conf <<<$'[Unit]\nStartLimitIntervalSec=0'
	inside systemctl daemon-reload
}
# The same with the scene of the demo.
night() {
	new_relay
	inside bash /root/demo.d/scene roomy
	wait_until 30 answers
	# Installing it reserved the ballast.
	recorded=$(events | wc -l)
}
# Our state in memory, until the next boot: the lab's root is a directory of its host, whose disk other nights fill, and
# that is honestly said, too.  For a spoolguard that is stopped.
keep_state_apart() { inside mount -t tmpfs -o size=1G,mode=0750 none /var/lib/spoolguard; }
# The same for nights in which nothing may be done, with a log disk as relays have it: what a busy machine logs would
# fill 256 MB within the hour.
roomy_night() {
	log_size=4G night
	stop
	keep_state_apart
	start
	recorded=$(events | wc -l)
}
# The same where some hundred messages write enough log to be harm.
loud_night() {
	night
	configure hurry.lua <<<'return { conditions = { ["log-volume-high"] = { trip = 4096, clear = 3072, lasting = "5s", clear_lasting = "5s" } } }'
	reload
}
# A watcher that cannot read a replaced main.cf any more starts anew: that is the scene's doing.
events_of_the_night() { events | tail -n "+$((recorded + 1))" | { grep -v '"event": "watcher-restarted"' || true; }; }
nothing_was_done() {
	! events_of_the_night | grep -E '"event": "(run-begun|action-[a-z-]*|lease-[a-z]*|escalated)"'
}

inject() { inside python3 /root/demo.d/inject.py "$@"; } # LIST DOMAIN PREFIX COUNT [PER_SECOND]
flow() { inside systemd-run -q --unit=flow python3 /root/demo.d/inject.py /root/flow.list flow.test F 0 1; }
correct_record() { inside bash /root/demo.d/scene correct; }
# Postfix's own back-off, which the story's admin had turned off.
back_off() {
	inside postconf -X queue_run_delay minimal_backoff_time maximal_backoff_time
	inside systemctl reload postfix@-
}
settle() { # SECONDS TURN...
	local patience=$1
	shift
	inside timeout "$patience" python3 /root/demo.d/settle.py "$@" || {
		events | tail -n 30
		fail "not in $patience s: $*"
	}
}
# Five messages that the admin holds; they must be the only ones so far.
hold_five() {
	inject /root/held.list example.test H 5
	settle 120 deferred 5
	inside sh -c "find /var/spool/postfix/deferred -type f -printf '%f\n' | postsuper -h - deferred" 2>/dev/null
}
messages_in() { # QUEUE... -> how many, by find
	inside find "${@/#//var/spool/postfix/}" -type f -name '[0-9A-Za-z]*' -printf . | wc -c
}
nothing_moves() { [ "$(messages_in maildrop incoming active deferred)" -eq 0 ]; }

# Every serial of the lists is in the sink's list exactly once, and the admin's are held still.
delivered_once() { # LIST...
	judge "$@" <<-'END' || fail "not every message was delivered exactly once"
		import sys
		from collections import Counter
		from spool import serials
		def column(path):
		    try:
		        return [line.split()[-1] for line in open(path)]
		    except FileNotFoundError:
		        return []
		times = Counter(column("/root/sink.list"))
		held, admins = set(serials("hold")), column("/root/held.list")
		sent = [serial for path in sys.argv[1:] for serial in column(path) if serial not in admins]
		missing = [s for s in sent if not times[s]]
		twice = [s for s in times if times[s] > 1]
		astray = [s for s in admins if s not in held or times[s]]
		print(f"{len(sent)} injected, {len(missing)} missing, {len(twice)} twice, {len(admins) - len(astray)} of {len(admins)} held")
		sys.exit(not sent or bool(missing or twice or astray))
	END
}

# systemctl may come back while the master still ends.
stop_postfix() {
	inside systemctl stop postfix@-
	wait_until 60 inside sh -c '! pgrep -x master'
}
# What spoolguard counts is what find counts of the stopped spool.
counts_are_true() { # WHEN
	stop_postfix
	judge <<-'END' || fail "$1: the counts are wrong"
		import subprocess, sys, time
		from bus import NAME, ROOT, call
		from spool import QUEUES, files
		until = time.monotonic() + 20
		while True:
		    try:
		        rows = {r[1]["queue"]: r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"}
		    except subprocess.CalledProcessError:  # nobody answers at this moment
		        rows = {}
		    real = {queue: len(files(queue)) for queue in QUEUES}
		    wrong = {queue: (rows.get(queue), real[queue]) for queue in QUEUES if rows.get(queue) != real[queue]}
		    if not wrong or time.monotonic() > until:
		        break
		    time.sleep(0.5)
		print(real, "counted, real:" if wrong else "", wrong or "")
		sys.exit(bool(wrong))
	END
	inside systemctl start postfix@-
}
# Whether there is a number for any queue; neither is true while nobody answers.
counts_there() { # some|none
	judge "$1" <<-'END'
		import math, subprocess, sys
		from bus import NAME, ROOT, call
		try:
		    rows = [r for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"]
		except subprocess.CalledProcessError:
		    sys.exit(1)
		some = any(r[2] is not None and not math.isnan(float(r[2])) for r in rows)
		sys.exit(some != (sys.argv[1] == "some"))
	END
}
has_counts() { counts_there some; }
no_counts() { counts_there none; }
leases() { # FIELD -> of each lease that there is, a line
	inside spoolguardctl leases --json |
		python3 -c 'import json, sys; [print(lease[sys.argv[1]]) for lease in json.load(sys.stdin)["leases"]]' "$1"
}
