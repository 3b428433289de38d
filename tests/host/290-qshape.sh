# the table is qshape's: every kind of mail, every queue, every option; and where it is not, why
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"

queues='incoming active deferred hold'

# Beside the usual port, which follows main.cf: IDs of the other kind, and a milter with IDs of each kind.
relay_of_all_sorts() {
	inside systemd-run -q --unit=milter python3 /root/host/milter.py 8899
	# shellcheck disable=SC2016
	inside sh -c 'while read -r port cleanup options; do
			postconf -M "$port/inet=$port inet n - y - - smtpd -o cleanup_service_name=$cleanup $options"
		done' <<-'END'
			2525 cleanup-other
			2526 cleanup -o smtpd_milters=inet:127.0.0.1:8899
			2527 cleanup-other -o smtpd_milters=inet:127.0.0.1:8899
		END
	inside postconf -M 'cleanup-other/unix=cleanup-other unix n - y - 0 cleanup -o enable_long_queue_ids=yes'
	inside postconf -e 'inet_interfaces = 127.0.0.1' 'append_at_myorigin = no' 'append_dot_mydomain = no' 'local_recipient_maps =' \
		'default_transport = smtp:[192.0.2.66]' 'local_transport = smtp:[192.0.2.66]' \
		'transport_maps = inline:{ flow.test=relay: }' 'smtp_connect_timeout = 300s' \
		'smtpd_recipient_restrictions = check_recipient_access inline:{ hold.example=HOLD }, permit_mynetworks, reject' \
		'smtpd_recipient_limit = 2000' 'queue_run_delay = 3600s' 'minimal_backoff_time = 3600s' 'maximal_backoff_time = 3600s'
}
all_sorts() { inside python3 /root/host/all_sorts.py 25 2525 2526 2527; }
none_in() { [ "$(messages_in "$@")" -eq 0 ]; }
same_tables() { inside python3 /root/host/same_tables.py "$@" || fail "a table is not qshape's"; }

night
put_make_spool
relay_of_all_sorts
# Deferred: nobody is asked, and what goes to flow.test is delivered.
inside postconf -e 'defer_transports = smtp'
inside systemctl restart postfix@-
all_sorts
wait_until 60 none_in maildrop incoming active
inside sh -c "find /var/spool/postfix/deferred -type f -printf '%f\n' | head -n 40 | postsuper -h - deferred" 2>/dev/null
# Active: nobody answers.  Now sendmail's mail is edited too, and the two kinds of IDs change places.
inside postconf -P 'cleanup-other/unix/enable_long_queue_ids=no'
inside postconf -e 'defer_transports =' 'enable_long_queue_ids = yes' 'non_smtpd_milters = inet:127.0.0.1:8899'
inside systemctl restart postfix@-
all_sorts
wait_until 60 none_in maildrop incoming
# Incoming: nobody is there to take it.
inside pkill -STOP -x qmgr
all_sorts
wait_until 60 none_in maildrop
inside systemctl kill -s KILL postfix@-
wait_until 30 inside sh -c '! pgrep -x master'
figure "$(inside sh -c "cd /var/spool/postfix; for queue in $queues; do echo \$queue \$(find \$queue -type f | wc -l); done" | xargs)"
# shellcheck disable=SC2086
same_tables $queues
for sort in '^done_recipient' '^canceled_recipient' '^sender: changed@milter.example' '^recipient: added@milter.example' '^sender: $' \
	'^recipient: bare$' '^recipient: .*straße'; do
	# shellcheck disable=SC2016
	inside sh -c 'cd /var/spool/postfix && find incoming active deferred hold -type f -exec postcat -e {} + | grep -ae "$1"' sh "$sort" \
		>/dev/null || fail "there is no mail with $sort"
done

# Days old, and the generator's beside it: read from the files, not followed.
stop
for queue in $queues; do
	make_spool --queue "$queue" --messages 400 --domains 40 --senders 20 --long-ids 50 --seed $((RANDOM + 1)) /var/spool/postfix
done
judge <<-'END'
	import random, time
	from spool import files
	for queue in ("incoming", "active", "deferred", "hold"):
	    for path in files(queue):
	        with open(path, "r+b") as message:
	            head = message.read(300)
	            # Behind the first record, C, whose length is one byte: T, its length, seconds.
	            time_at = 2 + head[1]
	            assert head[:1] == b"C" and head[time_at:time_at + 1] == b"T"
	            message.seek(time_at + 2)
	            # All get a minute older at one moment, so two tools that are asked one after the other see the same.
	            message.write(b"%d" % ((time.time() - random.random() ** 3 * 6 * 86400) // 60 * 60))
END
start
wait_until 30 inside spoolguardctl qshape
# shellcheck disable=SC2086
same_tables $queues

# Two things it leaves out.  First, mail that an admin lets expire: it is there until Postfix has returned it.
total() { sed -n 's/^ *TOTAL *\([0-9]*\) .*/\1/p'; }
totals_are() { # THEIRS OURS ARGUMENT... of both
	local theirs=$1 ours=$2
	shift 2
	[ "$(inside qshape "$@" 2>/dev/null | total)" -eq "$theirs" ] || fail "qshape $*: not $theirs"
	[ "$(inside spoolguardctl qshape "$@" | total)" -eq "$ours" ] || fail "spoolguardctl qshape $*: not $ours"
}
before=$(inside qshape hold | total)
inside postsuper -e ALL hold 2>/dev/null
totals_are 0 "$before" hold
inside find /var/spool/postfix/hold -type f -exec chmod 0700 {} +
same_tables hold
# Second, mail that nobody has picked up yet, unless by sender: there it is taken for bounces.
for _ in 1 2 3; do
	inside sh -c 'echo | sendmail -f s@drop.example a@one.example b@two.example' 2>/dev/null
done
totals_are 0 6 maildrop
totals_are 3 3 -s maildrop
inside qshape -s maildrop 2>/dev/null | grep -q '^ *MAILER-DAEMON *3 ' || fail "qshape -s maildrop has changed"
inside spoolguardctl qshape -s maildrop | grep -q '^ *drop.example *3 ' || fail "the senders in maildrop are wrong"
both_alive || fail "not alive"
