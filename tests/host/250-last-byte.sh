# somebody fills log, spool and state disks to the last byte in the middle: postponing works, the record is whole
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 256M
inject /root/mail.list example.test S 300
settle 300 paused
inside sh -c 'for place in /var/log /var/spool/postfix; do cat /dev/zero >$place/filler 2>/dev/null; df $place | tail -1; done; true'
before=$(events | wc -l)
# Somebody flushes everything: all is due again, and must be postponed on the full disk.
inside postqueue -f
sleep 100
judge <<-'END' || fail "not postponed on a full disk"
	import os, sys, time
	from spool import files
	waiting = [os.stat(path).st_mtime - time.time() for path in files("deferred")]
	print(f"{len(waiting)} deferred, the next retry in {min(waiting):.0f} s")
	sys.exit(min(waiting) < 120)
END
[ "$(events | wc -l)" -ge "$before" ] || fail "the record has lost something"
inside rm -f /var/log/filler /var/spool/postfix/filler
correct_record
settle 600 over
delivered_once
judge <<-'END' || fail "the record has bad slots"
	import sys
	from record import read
	good, bad = read("/var/lib/spoolguard/recorder")
	print(f"{len(good)} good records, {bad} bad slots")
	sys.exit(bad > 0)
END
counts_are_true
