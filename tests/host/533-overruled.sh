# a tool puts back the old main.cf while a lifetime is raised: its word stays, the lease says so, people are called once
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=long.sh
. "$tests/long.sh"

lease_is() { [ "$(leases state)" = "$1" ]; }
no_lease() { [ -z "$(leases verb)" ]; }
lifetime() { inside postconf -h maximal_queue_lifetime; }

primary_down
may_extend
inside cp -p /etc/postfix/main.cf /root/main.cf
start
wait_until 120 lease_is in-force || fail "the lifetime was not raised: $(leases verb)"
raised=$(lifetime)
lease=$(leases id)
wait_until 300 oldest_is 190
[ "$(count_events lease-overruled)" -eq 0 ] || fail "overruled by nobody: $(events lease-overruled)"

# As such a tool works; what has Postfix read it may come much later.
inside sh -c 'cp -p /root/main.cf /etc/postfix/main.cf.new && mv /etc/postfix/main.cf.new /etc/postfix/main.cf'
put_back_at=$SECONDS
wait_until 120 lease_is overruled || fail "the lease is called $(leases state)"
figure "called overruled after $((SECONDS - put_back_at)) s: $(leases text)"
said="maximal_queue_lifetime is 3m, where lease $lease had set $raised; $messages messages are too old for that"
grep -qF "$said" <<<"$(leases text)" || fail "the lease does not say what is in force: $(leases text)"
[ "$(count_events lease-overruled "text~$said")" -eq 1 ] || fail "it is not on record, once: $(events lease-overruled)"
[ "$(count_events escalated reason=lease-overruled "text~$said")" -eq 1 ] || fail "nobody was called: $(events escalated)"
figure "leases: $(inside spoolguardctl leases | tail -n +2 | xargs)"
figure "explain: $(inside spoolguardctl explain "lease/$lease" | tr -s ' \n' ' ')"
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"

# Who returns the lease now is not told that the lifetime stays.
refusal=$(inside spoolguardctl return "$lease" 2>&1) && fail "Postfix was reloaded although mail would expire: $refusal"
figure "asked to end it: $refusal"
[ "$(lifetime)" = 3m ] || fail "what the tool had put back was changed: $(lifetime)"
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"

outside find 25
wait_until 300 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/mail.list
wait_until 300 no_lease || fail "the lease does not end: $(leases state)"
inside cmp /root/main.cf /etc/postfix/main.cf || fail "main.cf is not what the tool had put back"
[ "$(returned)" -eq 0 ] || fail "$(returned) messages were returned"
[ "$(count_events escalated reason=lease-overruled)" -eq 1 ] || fail "people were called again: $(events escalated)"
