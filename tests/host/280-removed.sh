# removed in the middle of a pause: what was postponed is returned, paced, before the package goes; an upgrade keeps it
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

waits() { # SECONDS marked|returned: all deferred mail is tried within so many seconds, with or without a lease's mark
	judge "$@" <<-'END'
		import os, sys, time
		from spool import files
		stats = [os.stat(path) for path in files("deferred")]
		marked = sum(stat.st_mtime_ns % 10**9 != 0 for stat in stats)
		longest = max((stat.st_mtime - time.time() for stat in stats), default=0)
		print(f"{marked} of {len(stats)} deferred messages are marked, {longest:.0f} s at most")
		sys.exit(not stats or longest > int(sys.argv[1]) or marked != (len(stats) if sys.argv[2] == "marked" else 0))
	END
}

loud_night
hold_five
inject /root/mail.list example.test S 300
settle 400 paused
[ "$(leases state)" = in-force ] || fail "not one lease is in force"
since=$(leases since)
upgrade() {
	"$lab" install --deb "$packages" "$name"
	wait_until 30 answers
	[ "$(leases state)" = in-force ] && [ "$(leases since)" = "$since" ] || fail "the lease did not outlive an upgrade"
}
# The first cuts the marking short, which is taken up again; the second finds nothing left to do.
upgrade
wait_until 60 waits 900 marked || fail "an upgrade ended the marking: $(waits 900 marked)"
upgrade
waits 900 marked || fail "an upgrade let go of what was postponed"
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -y remove spoolguard'
waits 310 returned || fail "what was postponed was not returned by the removal"
correct_record
wait_until 400 nothing_moves
delivered_once /root/mail.list
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -y purge spoolguard'
inside sh -c '! ls -d /var/lib/spoolguard /run/spoolguard' || fail "the purge left something"
