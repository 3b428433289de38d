# rebooted in the middle of a pause: the lease is known again, and the night is healed to its end
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 256M
hold_five
inject /root/mail.list example.test S 500
settle 300 paused
sleep 5
before=$(inside spoolguardctl leases --json)
"$lab" restart "$name"
wait_until 30 answers
after=$(inside spoolguardctl leases --json)
python3 - "$before" "$after" <<-'END' || fail "another lease after the reboot: $after"
	import json, sys
	a, b = (json.loads(text)["leases"] for text in sys.argv[1:])
	same = ("id", "verb", "reason", "since")
	sys.exit(len(a) != 1 or [[l[k] for k in same] for l in a] != [[l[k] for k in same] for l in b])
END
# The address, the dead route and the sinks of the scene do not outlive a boot.
inside bash /root/demo.d/scene again
sleep 75
[ "$(lease_count)" -eq 1 ] || fail "the lease is gone although the next hop is still down"
correct_record
settle 300 over
delivered_once
counts_are_true
