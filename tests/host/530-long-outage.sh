# a long outage of the primary: the lifetime is raised before the cliff and restored exactly, nothing is returned, ending it early is refused
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=long.sh
. "$tests/long.sh"

settings() { inside sh -c 'postconf -n; ls /etc/postfix; stat -c "%U:%G %a %h" /etc/postfix/main.cf; cat /etc/postfix/main.cf'; }
raised() { [ "$(leases verb)" = postfix.set ] && [ "$(leases state)" = in-force ]; }
kept() { [ "$(leases verb)" = postfix.set ]; } # perhaps as one that ends as soon as it may
no_lease() { [ -z "$(leases verb)" ]; }

primary_down
settings >"$logs/$name.before"
may_extend
start
wait_until 120 raised || fail "the lifetime was not raised: $(leases verb)"
figure "raised: $(inside postconf -n maximal_queue_lifetime bounce_queue_lifetime | xargs): $(leases reason)"
figure "$(diagnosis)"
wait_until 300 oldest_is 240
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"
lease=$(leases id)
refusal=$(inside spoolguardctl return "$lease" 2>&1) && fail "the lease ended although mail would expire: $refusal"
overdue="$messages messages are older than 3m: they would be returned to their senders, so the lifetime stays until they are gone"
grep -qF "$overdue" <<<"$refusal" || fail "the admin is not told how many are overdue: $refusal"
[ "$(count_events lease-undo-failed "text~$overdue")" -eq 1 ] || fail "it is not on record, once: $(events lease-undo-failed)"
[ "$(leases text)" = "$overdue" ] || fail "the lease does not say why it stays: $(leases text)"
sleep 15
kept || fail "the lease is gone: $(leases state)"
[ "$(count_events lease-ended)" -eq 0 ] || fail "the lease ended: $(events lease-ended)"
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"
figure "asked to end it: $refusal"
inside systemctl restart spoolguard
wait_until 30 kept || fail "the lease did not survive a restart"
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"
outside find 25
found_at=$SECONDS
wait_until 300 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
figure "the primary is back: delivered after $((SECONDS - found_at)) s"
wait_until 300 no_lease || fail "the lease does not end: $(leases state)"
settings >"$logs/$name.after"
diff "$logs/$name.before" "$logs/$name.after" || fail "main.cf is not as it was"
taken_once /root/mail.list
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"
