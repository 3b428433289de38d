# thousands through a busy Postfix, reloaded, held, released, requeued as a whole, and more events than the kernel keeps
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"
#
# MESSAGES=N sets how many go through, HELD=N how many are held behind the watcher's back: half of what makes the
# kernel's queue of events overflow at least.

messages=${MESSAGES:-20000}
most=${HELD:-20000}

source_of() { # DOMAIN COUNT
	inside smtp-source -s 20 -m "$2" -f "storm@source$((RANDOM % 9)).example" -t "to@$1" 127.0.0.1:25
}
waiting() { [ "$(messages_in active)" -ge $((messages / 2)) ]; }
counted() { # WHAT
	local before=$SECONDS
	counts_are_true "$1"
	echo "$1: $((SECONDS - before)) s"
}

# A message and its log are two inodes.
spool_size=$((256 + (messages + most) / 20))M
roomy_night
put_make_spool
# What nobody answers stays active.
inside postconf -e smtp_connect_timeout=300s queue_run_delay=3600s minimal_backoff_time=3600s maximal_backoff_time=3600s \
	"qmgr_message_active_limit=$((2 * messages))" "qmgr_message_recipient_limit=$((2 * messages))"
inside systemctl restart postfix@-

# Stopped in the middle, when the sources may be cut off.
source_of flow.test $((messages / 2)) 2>/dev/null &
source_of example.test $((messages / 2)) 2>/dev/null &
sleep 2
counted "in the middle of $messages messages"
wait
source_of flow.test $((messages / 2)) &
source_of example.test $((messages / 2))
wait
wait_until 120 waiting
counted "after $messages messages"
wait_until 120 waiting
inside systemctl reload postfix@-
counted "reloaded with them active"
for order in '-h ALL' '-H ALL' '-r ALL'; do
	# shellcheck disable=SC2086
	inside postsuper $order
	counted "postsuper $order"
done

# While the watcher stands still the kernel keeps so many events, and drops the rest.
stop_postfix
make_spool --messages "$most" --quiet-for 86400 /var/spool/postfix
inside systemctl start postfix@-
both_alive || fail "not alive"
watcher=$(watcher_pid)
[ "$(messages_in deferred)" -gt $(($(inside cat /proc/sys/fs/inotify/max_queued_events) / 2)) ] || fail "too few to overflow"
inside kill -STOP "$watcher"
inside timeout 8 postsuper -h ALL || {
	inside kill -CONT "$watcher"
	fail "postsuper takes so long that the watcher is taken for dead"
}
inside grep -q '^State:.T' "/proc/$watcher/status" || fail "the watcher did not stand still"
inside kill -CONT "$watcher"
counted "postsuper -h ALL behind its back"
log_since yesterday | grep 'more events than the kernel keeps' || fail "no event was lost: what is tested here?"
[ "$(watcher_pid)" = "$watcher" ] || fail "it was a new watcher that counted"
inside postsuper -H ALL
counted "postsuper -H ALL at the end"
both_alive || fail "not alive"
nothing_was_done || fail "something was done"
