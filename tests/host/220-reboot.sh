# rebooted in the middle of a pause: the lease is known again, and the night is healed to its end
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

loud_night
hold_five
inject /root/mail.list example.test S 300
settle 400 paused
before=$(for field in id verb reason owner since; do leases "$field"; done)
"$lab" restart "$name"
# The address, the dead route and the sinks of the scene do not outlive a boot.
inside bash /root/demo.d/scene again
wait_until 30 answers
after=$(for field in id verb reason owner since; do leases "$field"; done)
[ -n "$before" ] && [ "$before" = "$after" ] || fail "before the reboot: $before; after it: $after"
# Longer than a lease lives without its reason.
sleep 75
[ "$(leases id | wc -l)" -eq 1 ] || fail "the lease is gone although the next hop is still down"
correct_record
settle 600 over
delivered_once /root/mail.list
counts_are_true "after the reboot"
