# a spam wave before a stuck content filter: it is named, the allowed remedy is run once and verified, no mail is held
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=filter.sh
. "$tests/filter.sh"

named() { [ "$(diagnosis | culprit)" = filter ]; }

filter_night
filter_may_be_restarted
start
# Its pace becomes known.
stream stream-flow /root/flow.list flow.test F 2
sleep 20
get_stuck
set_at=$SECONDS
wave
wave_in=$SECONDS
wait_until 30 named || fail "not named: $(diagnosis)"
named_after=$((SECONDS - set_at))
figure "named after $named_after s: $(diagnosis)"
[ "$named_after" -le 30 ] || fail "named after $named_after s"
wait_event 120 action-outcome verb=service.restart status=done || fail "the remedy was not run"
figure "restarted after $((SECONDS - set_at)) s"
before=$(own_delivered)
sleep 20
while [ $((SECONDS - wave_in)) -lt 90 ]; do sleep 1; done
after=$(own_delivered)
[ "$after" -gt "$before" ] || fail "the queue does not shrink"
stop_streams
wait_until 300 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
figure "$after of 1324 messages of the own domain delivered 90 s after the wave was in, all $((SECONDS - wave_in)) s after it"
once_and_nothing_held service.restart
taken_once /root/own.list /root/other.list /root/flow.list
wait_event 120 run-ended playbook=restart-filter || fail "it is not verified"
[ "$(count_events run-ended playbook=restart-filter result=cleared)" -eq 1 ] || fail "it is not verified: $(events run-ended playbook=restart-filter)"
[ -z "$(others_blamed filter)" ] || fail "somebody else was blamed, too: $(others_blamed filter)"
wait_until 120 healed 1 || fail "the incident does not end: $(diagnosis)"
