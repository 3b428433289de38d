# a stranger's file in maildrop makes postqueue blind to the whole queue: our table is complete
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"

listed_by_postqueue() { inside sh -c 'postqueue -j 2>/dev/null' | grep -c "\"queue_name\": \"$1\""; }
everything_is_there() { # WHEN
	local rows
	rows=$(inside spoolguardctl queue --messages)
	[ "$(grep -c '"queue":"deferred"' <<<"$rows")" -eq 300 ] || fail "$1: not all that is deferred is listed"
	[ "$(grep -c '"queue":"maildrop"' <<<"$rows")" -eq 4 ] || fail "$1: not all of maildrop is listed"
	[ "$(inside spoolguardctl qshape -s maildrop | sed 1d | awk '{ print $1, $2 }' | sort | xargs)" = \
		"TOTAL 4 good.example 3 hostile.example 1" ] || fail "$1: the table of maildrop is wrong"
	inside python3 /root/host/same_tables.py deferred || fail "$1: the table of deferred is not qshape's"
}

roomy_night
put_make_spool
# With qmgr and pickup nothing would stay as it is.
inside postconf -e 'queue_run_delay = 3600s'
stop_postfix
make_spool --messages 300 --quiet-for 86400 /var/spool/postfix
for _ in 1 2 3; do
	inside sh -c 'echo | sendmail -f s@good.example a@good.example' 2>/dev/null
done
wait_until 30 inside sh -c 'spoolguardctl queue --messages --queue maildrop | grep good.example'
[ "$(listed_by_postqueue deferred)" -eq 300 ] || fail "postqueue does not even list what is in order"
judge <<-'END'
	import subprocess
	def record(kind, text=b""):
	    return kind + bytes([len(text)]) + text
	message = b"".join([
	    record(b"S", b"one@hostile.example"), record(b"S", b"two@hostile.example"), record(b"R", b"victim@hostile.example"),
	    record(b"M"), record(b"N", b"Subject: x"), record(b"N"), record(b"X"), record(b"E"),
	])
	subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "postdrop", "-r"], input=message, check=True)
END
[ "$(inside sh -c 'postqueue -j >/dev/null 2>&1; echo $?')" -eq 69 ] || fail "postqueue copes with it: what is tested here?"
[ "$(listed_by_postqueue deferred)" -eq 0 ] || fail "postqueue lists what is deferred: what is tested here?"
sleep 1
everything_is_there "stopped"
# From the files alone, as after a reboot.
inside systemctl restart spoolguard
wait_until 30 inside spoolguardctl qshape
everything_is_there "after a restart"
both_alive || fail "not alive"
inside systemctl start postfix@-
wait_until 60 inside sh -c '! find /var/spool/postfix/maildrop -type f | grep .'
counts_are_true "picked up"
nothing_was_done || fail "something was done"
