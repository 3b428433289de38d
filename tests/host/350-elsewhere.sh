# the queues are not below /var/spool: they are counted as they are, and acted on once the drop-in of the README is there
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

spool=/srv/mail/spool

move_spool() {
	stop_postfix
	inside sh -c "mkdir -p /srv/mail && cp -a /var/spool/postfix $spool && rm -rf /var/spool/postfix/*"
	inside postconf -e "queue_directory = $spool"
	inside systemctl start postfix@-
}
# The README's, which is for a spool at this place.
drop_in() {
	inside mkdir -p /etc/systemd/system/spoolguard.service.d
	# shellcheck disable=SC2016
	sed -n '/^  \[Service\]$/,/^  ```$/{/```/d; s/^  //p}' "$source_tree/README.md" |
		put_text /etc/systemd/system/spoolguard.service.d/spool.conf
	inside grep -qx ReadWritePaths=/srv/mail /etc/systemd/system/spoolguard.service.d/spool.conf ||
		fail "the README has no drop-in for /srv/mail"
	inside systemctl daemon-reload
}
files_of() { inside find "$spool/$1" -type f -name '[0-9A-Za-z]*' -printf . | wc -c; }
is_deferred() { [ "$(files_of deferred)" -ge "$1" ]; }
counted() {
	inside spoolguardctl queue --json |
		python3 -c 'import json, sys; print(*(row["messages"] for row in json.load(sys.stdin)["queues"] if row["queue"] == sys.argv[1]))' "$1"
}
is_counted() { [ "$(counted deferred)" = "$(files_of deferred)" ]; }
marked() { inside find "$spool/deferred" -type f -printf '%T+\n' | grep -cvE '\.0+$' || true; }
is_paused() { [ "$(marked)" -ge 150 ]; }
is_returned() { [ "$(marked)" -eq 0 ]; }
says_why() { events_of_the_night | grep -F "$spool is read-only: a fault of the disk, or the unit has no ReadWritePaths= for it"; }
no_lease() { [ -z "$(leases id)" ]; }

loud_night
move_spool
# So many that there is always a line of the log to be written, also on a host with much else to do.
inside smtp-source -s 10 -m 600 -f many@source.example -t to@example.test 127.0.0.1:25
wait_until 60 is_deferred 200
# The watcher reads main.cf anew by itself, and follows the spool that is named there now.
wait_until 90 is_counted || fail "$(counted deferred) are counted, $(files_of deferred) are deferred"
wait_until 240 says_why || fail "it is not said why nothing can be done"
is_returned || fail "messages were changed without the drop-in"

drop_in
inside systemctl restart spoolguard
wait_until 30 is_counted || fail "with the drop-in $(counted deferred) are counted"
settle 240 paused
wait_until 60 is_paused || fail "$(marked) messages are postponed"
[ "$(leases verb)" = postfix.postpone ] || fail "not one lease"
# Through the view: nothing is read by another way.
inside sh -c "ls -l /proc/$(watcher_pid)/fd" | grep -F "/run/spoolguard/view$spool" || fail "the spool is not read through the view"
for lease in $(leases id); do
	inside spoolguardctl return "$lease"
done
wait_until 60 no_lease || fail "the lease that was returned is still there"
wait_until 30 is_returned || fail "$(marked) messages are still postponed"
both_alive || fail "not alive"
