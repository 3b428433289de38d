# resolver.sh - incident 2 with spoolguard: named, the relays are not blamed; the file corrected, one reload, mail flows
#
# Sourced by 520 and 521, which set $chroot.
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=names.sh
. "$tests/names.sh"

named() { [ "$(diagnosis | culprit)" = name-server ]; }
flows() { [ "$(rate 25 5)" -ge "$stream_rate" ]; }

slow_night "$chroot"
# What it took the place of is the state of before the fault.
start
set_at=$SECONDS
wait_until 45 named || fail "not named: $(diagnosis)"
figure "named after $((SECONDS - set_at)) s: $(diagnosis)"
during=$(rate 25 20)
named || fail "something else is named by now: $(diagnosis)"
[ -z "$(others_blamed name-server)" ] || fail "somebody else was blamed, too: $(others_blamed name-server)"
[ -z "$(leases verb)" ] || fail "mail is paused: $(leases reason)"
[ "$(count_events action-intent verb~postfix.)" -eq 0 ] || fail "something was done although only the admin can help"
resolv=$(inside cat /etc/resolv.conf)
queue_manager=$(qmgr_pid)
correct_file
corrected=$SECONDS
wait_event 90 action-outcome verb=postfix.refresh_resolver status=done || fail "nothing was refreshed"
figure "refreshed $((SECONDS - corrected)) s after the file was corrected: $(events action-outcome verb=postfix.refresh_resolver | sed 's/.*"text": "\([^"]*\)".*/\1/')"
wait_until 90 flows || fail "it does not flow: $(rate 25 10) a second"
after=$(rate 25 20)
figure "chroot $chroot: $before messages a second before, $during during, $after after"
[ "$during" -lt $((before / 2)) ] || fail "the dead name server did no harm"
[ "$after" -ge "$before" ] || fail "the throughput is not back"
[ "$(qmgr_pid)" != "$queue_manager" ] || fail "there was no reload"
sleep 60
[ "$(actions_done postfix.refresh_resolver)" -eq 1 ] || fail "more than one reload"
[ "$(inside sh -c 'grep -c "postfix/master.*: reload" /var/log/mail.log')" -eq 1 ] || fail "Postfix was reloaded more than once"
[ "$chroot" = n ] || copy_is_new || fail "the copy in the chroot is not the new one"
[ "$(inside cat /etc/resolv.conf)" = "nameserver 198.51.100.54" ] || fail "resolv.conf was edited; it was: $resolv"
stop_streams
wait_until 120 inside sh -c '[ "$(find /var/spool/postfix/deferred /var/spool/postfix/active /var/spool/postfix/incoming -type f | wc -l)" -eq 2 ]' ||
	fail "more is left than the two: $(inside postqueue -p | tail -n 1)"
taken_once /root/mail.list
[ -z "$(others_blamed name-server | grep relay)" ] || fail "the relays were blamed: $(others_blamed name-server)"
tried_once || fail "a message that may be sent more than once was offered again"
wait_until 120 healed 1 || fail "the incident does not end: $(diagnosis)"
