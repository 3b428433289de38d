# a storm of bounces crowds the active queue: they are held under a lease that says when they expire, and released after it
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"

held() { messages_in hold; }
# What does not fit into the active queue waits in incoming: either may be named.
people_are_told() {
	events_of_the_night |
		grep -E '"kind": "diagnosis".*a storm of bounces, and the (active|incoming) queue is crowded, .* of .* messages are bounces: .*the last expires by'
}
no_lease() { [ -z "$(leases id)" ]; }

night
hold_five
forgers_target
flow
# Growth is known when it was looked at for a minute.
sleep 70
guess 1000
wait_until 240 lease_of_hold
started=$SECONDS
figure "$(events action-outcome verb=postfix.hold | sed -n '1s/.*"text": "\([^"]*\)".*/\1/p')"
wait_until 30 people_are_told ||
	fail "people are not told what it is and when it ends by itself: $(events_of_the_night | grep '"kind": "diagnosis"')"
[ "$(held)" -ge 500 ] || fail "only $(held) are held"
judge <<-'END' || fail "other mail than bounces is held"
	import subprocess, sys
	from spool import files, serials
	envelopes = subprocess.run(["postcat", "-e", *files("hold")], capture_output=True, text=True).stdout.splitlines()
	others = [line for line in envelopes if line.startswith("sender: ") and line.strip() != "sender:"]
	print(len(others), "with a sender;", sum(s.startswith("B") for s in serials("hold")), "bounces of the storm")
	sys.exit(len(others) != 5)
END
counts_are_true "while bounces are held"
correct_record
# Growth looks ten minutes back.
wait_until 900 no_lease
figure "released $((SECONDS - started)) s after they were held"
inside systemctl stop flow
settle 300 over
[ "$(held)" -eq 5 ] || fail "$(held) messages are still on hold"
delivered_once /root/guess.list /root/flow.list
counts_are_true "after all"
