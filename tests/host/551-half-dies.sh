# half a recovery: the next hop takes 50 messages and dies again: few attempts after that, the lease is kept
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=half.sh
. "$tests/half.sh"

canary=${CANARY:-5}
has_died() { [ "$(inside sh -c 'grep -c " 198.51.100.25 " /root/outside/taken')" -ge 50 ]; }
died_at() { inside sh -c 'grep " 198.51.100.25 " /root/outside/taken | sed -n 50p | cut -d" " -f1'; }

paused_night 600
does 25 'dies 50'
outside find 25
wait_until 200 has_died || fail "not even the first 50 came back"
sleep "${HALF_SECONDS:-100}"
windows=$(attempts_per_window "$(died_at)")
[ "$(most <<<"$windows")" -le $((2 * canary)) ] || fail "attempts per window after it died: $windows"
[ "$(leases verb)" = postfix.postpone ] || fail "what was paused is not any more: $(leases verb)"
stop
forced=$(attempts_by_force)
figure "attempts per window after it died: $windows; by postqueue -f in 30 s: $forced"
[ "$forced" -gt "$(most <<<"$windows")" ] || fail "postqueue -f does no worse: $forced attempts"
start
inside rm -f /root/outside/198.51.100.25.does
wait_until 900 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/mail.list
