# Postfix stopped, reloaded and cleaned up with thousands in flight, a spool that vanishes: the counts stay true
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

thousand_active() { [ "$(messages_in active)" -ge 1000 ]; }
# What nobody answers stays active, and nothing is tried anew while we count.
slow_and_calm() {
	inside postconf -e smtp_connect_timeout=300s queue_run_delay=3600s minimal_backoff_time=3600s maximal_backoff_time=3600s
	inside systemctl restart postfix@-
}

roomy_night
slow_and_calm
inject /root/mail.list example.test S 2000
wait_until 60 thousand_active
counts_are_true "stopped with thousands active"
wait_until 60 thousand_active
inside systemctl reload postfix@-
counts_are_true "reloaded with thousands active"
inside postconf -e smtp_connect_timeout=1s
inside systemctl restart postfix@-
# What an old process finished after the reload lies in incoming/ for some minutes.
settle 300 deferred 1900
for order in '-h ALL deferred' '-H ALL' '-r ALL deferred'; do
	# shellcheck disable=SC2086
	inside postsuper $order 2>/dev/null
	counts_are_true "postsuper $order"
done
# Unmounted under a stopped Postfix: missing is not nothing.
stop_postfix
inside sh -c 'mkdir /root/spool /root/nothing && mount --bind /var/spool/postfix /root/spool && umount -l /var/spool/postfix &&
	mount --bind /root/nothing /var/spool/postfix'
wait_until 60 no_counts || fail "an absent spool has counts"
inside sh -c 'umount -l /var/spool/postfix && mount --bind /root/spool /var/spool/postfix'
inside systemctl start postfix@-
# A watcher that was started meanwhile has to be started anew to see it.
wait_until 60 has_counts || fail "a spool that is back is not seen"
counts_are_true "unmounted and back"
both_alive || fail "not alive"
nothing_was_done || fail "something was done"
