# half a recovery: the next hop answers, but refuses each recipient: canaries only, against postqueue -f on the same spool
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=half.sh
. "$tests/half.sh"

canary=${CANARY:-5}

paused_night 600
does 25 'rcpt 451 4.3.0 try later'
outside find 25
wait_event 120 action-outcome verb=postfix.retry || fail "no canary was sent"
sleep "${HALF_SECONDS:-100}"
windows=$(attempts_per_window 0)
[[ $windows != *without* ]] || fail "attempts that nobody ordered: $windows"
[ "$(most <<<"$windows")" -le $((2 * canary)) ] || fail "attempts per window: $windows"
[ "$(messages_in incoming active deferred)" -eq 600 ] || fail "there should be 600 messages, not $(messages_in incoming active deferred)"
stop
forced=$(attempts_by_force)
figure "attempts per window: $windows; by postqueue -f in 30 s: $forced"
[ "$forced" -gt "$(most <<<"$windows")" ] || fail "postqueue -f does no worse: $forced attempts"
start
inside rm -f /root/outside/198.51.100.25.does
wait_until 600 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/mail.list
