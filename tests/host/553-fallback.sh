# relayhost and its fallback relay dead, and mail paused: when the fallback alone is back, it takes all of it
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=half.sh
. "$tests/half.sh"

taken_by() { inside sh -c 'grep -c " 198.51.100.$1 " /root/outside/taken' taken_by "$1" || true; }
no_lease() { [ -z "$(leases id)" ]; }

outage_night
inside postconf -e 'relayhost = [198.51.100.25]' 'smtp_fallback_relay = [198.51.100.35]' \
	'queue_run_delay = 5s' 'minimal_backoff_time = 5s' 'maximal_backoff_time = 5s' 'smtp_connect_timeout = 5s'
inside systemctl restart postfix@-
configure hurry.lua <<<'return { conditions = { ["log-volume-high"] = { trip = 4096, clear = 3072, lasting = "5s", clear_lasting = "5s" } } }'
start
outside lose 25 35
inject /root/mail.list relay.test S 200
settle 400 paused
wait_until 120 postponed 200 || fail "$(inside postqueue -p | tail -n 1), of which not all are postponed"
[[ $(events incident-note kind=diagnosis) == *'198.51.100.25 connection timed out, 198.51.100.35 connection timed out'* ]] ||
	fail "not both are blamed: $(diagnosis)"
outside find 35
began=$SECONDS
wait_until 400 nothing_moves || fail "$(messages_in incoming active deferred) messages wait for the fallback, which is there: $(diagnosis)"
figure "200 messages in $((SECONDS - began)) s from the moment the fallback relay was back, by it $(taken_by 35)"
[ "$(taken_by 35)" -eq 200 ] && [ "$(taken_by 25)" -eq 0 ] || fail "by 25 went $(taken_by 25), by 35 $(taken_by 35)"
taken_once /root/mail.list
wait_until 60 no_lease || fail "a lease is left: $(leases reason)"
