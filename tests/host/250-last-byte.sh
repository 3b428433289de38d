# somebody fills log, spool and state disks to the last byte in the middle: postponing works, the record is whole
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

waits() { # -> how many are deferred, and the seconds until the next retry of the first and the last
	judge <<-'END'
		import os, time
		from spool import files
		waits = sorted(os.stat(path).st_mtime - time.time() for path in files("deferred")) or [0]
		print(len(waits), int(waits[0]), int(waits[-1]))
	END
}
due_again() { waits | (read -r _ first _ && [ "$first" -lt 60 ]); }
postponed_again() { waits | (read -r n first _ && [ "$n" -eq 300 ] && [ "$first" -gt 120 ]); }

loud_night
# A state disk of its own, which can be filled without harm to the lab's host.
stop
inside mount -t tmpfs -o size=16M,mode=0750 none /var/lib/spoolguard
start
inject /root/mail.list example.test S 300
settle 400 paused
wait_event 120 run-ended playbook=pause-deferred
# Postfix cannot write why it defers on a full disk, and tries such mail by rules of its own: it may not begin.
inside postconf -e queue_run_delay=3600s
inside systemctl reload postfix@-
inside sh -c 'for place in /var/log /var/spool/postfix /var/lib/spoolguard; do
	cat /dev/zero >$place/filler 2>/dev/null
	dd if=/dev/zero bs=1 count=4096 status=none >>$place/filler 2>/dev/null
	df $place | tail -n 1
done; true'
before=$(events | wc -l)
# All of it is due again, by a time as Postfix sets it, and must be postponed on the full disk.
inside sh -c 'find /var/spool/postfix/deferred -type f -exec touch -d "@$(date +%s)" {} +'
due_again || fail "not due again: $(waits)"
wait_until 150 postponed_again || fail "not postponed on a full disk: $(waits)"
[ "$(events | wc -l)" -ge "$before" ] || fail "the record has lost something"
[ "$(inside df --output=avail /var/spool/postfix | tail -n 1)" -eq 0 ] || fail "there was room again"
inside rm -f /var/log/filler /var/spool/postfix/filler /var/lib/spoolguard/filler
# main.cf is replaced once more, so the watcher has a reason to start anew while the mail is brought back.
inside postconf -e queue_run_delay=10s
inside systemctl reload postfix@-
correct_record
settle 900 over
delivered_once /root/mail.list
inside /root/host/record.py check || fail "the record has bad slots"
counts_are_true "after the full disk"
