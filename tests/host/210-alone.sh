# killed and masked in the middle of a pause: Postfix alone delivers everything once the record is corrected
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

loud_night
hold_five
inject /root/mail.list example.test S 300
settle 400 paused
inside sh -c 'systemctl mask -q spoolguard; systemctl kill -s KILL spoolguard'
wait_until 30 inside sh -c '! pgrep -x spoolguardd'
judge <<-'END' || fail "nothing was postponed when it was killed"
	import os, sys, time
	from spool import files
	waits = [os.stat(path).st_mtime - time.time() for path in files("deferred")]
	postponed = [wait for wait in waits if wait > 300]
	print(f"{len(postponed)} of {len(waits)} deferred messages are postponed, {max(waits):.0f} s at most")
	sys.exit(not postponed)
END
correct_record
started=$SECONDS
# A slice is a quarter of an hour; from its tenth minute on the retries are spread.
wait_until 1200 nothing_moves
figure "all mail was delivered by Postfix alone $((SECONDS - started)) s after the record was corrected"
delivered_once /root/mail.list
inside sh -c '! pgrep -x spoolguardd' || fail "spoolguard was there"
