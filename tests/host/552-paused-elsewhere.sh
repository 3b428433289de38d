# the next hop is back while somebody's pause of other mail stands: nothing is tried past it, and nothing is withheld
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=half.sh
. "$tests/half.sh"

paused_night 200
inside postconf -M 'slow/unix=slow unix - - y - - smtp'
inside postconf -e 'defer_transports = slow'
inside systemctl reload postfix@-
configure soon.lua <<<'return { playbooks = { ["flush-after-recovery"] = { options = { again = 5, withheld = 20 } } } }'
reload
outside find 25
wait_event 120 lease-ended || fail "its lease is still there: $(inside spoolguardctl leases)"
[ "$(actions_done postfix.retry)" -eq 0 ] || fail "something was tried past the pause"
events action-denied | grep -q 'defer_transports names slow' || fail "nobody says why: $(events action-denied)"
# Postfix's own schedule, and not a quarter of an hour from now, and again.
late=$(inside sh -c 'find /var/spool/postfix/deferred -type f -newermt "+6 minutes" | wc -l')
[ "$late" -eq 0 ] || fail "$late messages still wait for longer than Postfix would let them"
inside postqueue -f
wait_until 120 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/mail.list
