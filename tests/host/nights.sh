# nights.sh - what the tests of mail have in common: the relay of the demo's night, in small and in a hurry
#
# Sourced by 2NN tests after lib.sh.  Each night has a lab of its own: the tests before have masked rsyslog and
# filled the journal.  Mail is injected and counted by packaging/demo.d, as in the demo.
# shellcheck shell=bash

# night LOG_SIZE [SPOOL_SIZE]: from now on $name is a new relay with the scene of the demo and spoolguard in it.
night() {
	name=night-$$-$RANDOM
	trap '"$lab" down "$name" >/dev/null 2>&1' EXIT
	"$lab" up --log-size "$1" --spool-size "${2:-512M}" "$name"
	"$lab" put "$name" "$source_tree/packaging/demo.d" /root/demo.d
	"$lab" put "$name" "$tests/inside" /root/host
	inside bash /root/demo.d/scene
	wait_until 10 answers
}

inject() { inside python3 /root/demo.d/inject.py "$@"; } # LIST DOMAIN PREFIX COUNT [PER_SECOND]
flow() { inside systemd-run -q --unit=flow python3 /root/demo.d/inject.py /root/flow.list flow.test F 0 1; }
correct_record() { inside bash /root/demo.d/scene correct; }
settle() { # SECONDS TURN...
	local patience=$1
	shift
	inside timeout "$patience" python3 /root/demo.d/settle.py "$@" || fail "not in $patience s: $*"
}
# Five messages that the admin holds; they must be the only ones so far.
hold_five() {
	inject /root/held.list example.test H 5
	settle 60 deferred 5
	inside sh -c "find /var/spool/postfix/deferred -type f -printf '%f\n' | postsuper -h - deferred" 2>/dev/null
}
attempts() { inside grep -c 'connect to mx.example.test\[192.0.2.66\]:25: Connection timed out' /var/log/mail.log || true; }
tried_now() { inside sh -c 'tail -n +1 /var/log/mail.log | grep -c "status=deferred"' || true; }

# Every serial of the lists is in the sink's list exactly once, and the admin's are held still.
delivered_once() {
	judge "$@" <<-'END'
		import sys
		from collections import Counter
		from spool import serials
		def column(path):
		    try:
		        return [line.split()[-1] for line in open(path)]
		    except FileNotFoundError:
		        return []
		times = Counter(column("/root/sink.list"))
		sent = column("/root/mail.list")
		missing = [s for s in sent if not times[s]]
		twice = [s for s in times if times[s] > 1]
		held, admins = set(serials("hold")), column("/root/held.list")
		released = [s for s in admins if s not in held]
		print(f"{len(sent)} injected, {len(missing)} missing, {len(twice)} twice, {len(admins) - len(released)} of {len(admins)} held")
		sys.exit(bool(missing or twice or released))
	END
}

# What spoolguard counts is what find counts of the stopped spool.
counts_are_true() {
	inside systemctl stop postfix@-
	sleep 2
	judge <<-'END'
		import sys
		from bus import NAME, ROOT, call
		from spool import QUEUES, files
		rows = {r[1]["queue"]: r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"}
		real = {queue: len(files(queue)) for queue in QUEUES}
		print(real)
		wrong = {queue: (rows.get(queue), real[queue]) for queue in QUEUES if rows.get(queue) != real[queue]}
		if wrong:
		    print("counted, real:", wrong)
		sys.exit(bool(wrong))
	END
	inside systemctl start postfix@-
}
lease_count() { inside spoolguardctl leases --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["leases"]))'; }
done_actions() { # VERB -> how many were done
	judge "$1" <<-'END'
		import sys
		from bus import objects
		print(sum(a["verb"] == sys.argv[1] and a["status"] == "done" for _, i in objects("Incident") for a in i["Actions"]))
	END
}
