# kill -9 of watcher, executor or both at random moments: a clean end, a readable record, nothing repeated unasked
# shellcheck shell=bash

inside env PYTHONPATH=/root/host python3 /root/host/kills.py "${KILLS:-20}" "${SEED:-$RANDOM}"

# In the vacuum itself, whose window a slow journalctl makes wide.
stop
put_text /root/slow-journalctl <<'SH'
#!/bin/bash
[[ " $* " != *--vacuum-* ]] || sleep 3
exec -a journalctl /usr/local/lib/journalctl "$@"
SH
fake_journalctl /root/slow-journalctl
in_the_vacuum() { # an incident, up to the middle of its vacuum
	stop
	calm
	inside sh -c 'rm -rf /var/lib/spoolguard/* /run/spoolguard/recorder; /usr/local/lib/journalctl -q --vacuum-size=1M 2>/dev/null'
	start
	fill
	wait_event 10 action-intent verb=journal.vacuum
	sleep 1
}
kill_hard() { # functions that print process ids
	# shellcheck disable=SC2046
	inside kill -9 $(for victim in "$@"; do "$victim"; done)
}
# The watcher: the action goes on, its outcome is recorded, the next watcher closes the incident.
in_the_vacuum
kill_hard watcher_pid
healed 30 || fail "killed the watcher in the vacuum: not healed"
[ "$(count_events action-intent verb=journal.vacuum)" -eq 1 ] || fail "killed the watcher: a second vacuum"
[ "$(count_events action-outcome verb=journal.vacuum status=done)" -eq 1 ] || fail "killed the watcher: no outcome"
# The executor, alone and with the watcher: unknown, told to people once, not repeated.
for victims in executor_pid 'executor_pid watcher_pid'; do
	in_the_vacuum
	# shellcheck disable=SC2086
	kill_hard $victims
	wait_event 20 action-unknown verb=journal.vacuum || fail "$victims: not unknown"
	wait_event 20 escalated reason=unknown-outcome
	wait_until 20 both_alive || fail "$victims: not alive again"
	wait_until 20 state_is escalated || fail "$victims: the state is $(state)"
	sleep 10
	[ "$(count_events action-intent verb=journal.vacuum)" -eq 1 ] || fail "$victims: repeated unasked"
	[ "$(count_events escalated)" -eq 1 ] || fail "$victims: people were called more than once"
	inside /root/host/record.py check || fail "$victims: bad slots"
done

# Stopped as it should be: systemd waits for the vacuum, whose outcome is recorded; the next start finds it healed.
in_the_vacuum
stop
[ "$(count_events action-outcome verb=journal.vacuum status=done)" -eq 1 ] || fail "stopped: the vacuum had no end"
[ "$(count_events stopped)" -eq 1 ] || fail "stopped: not recorded"
start
healed 20 || fail "stopped: the incident stays open"
[ "$(count_events action-unknown)" -eq 0 ] || fail "stopped: unknown"
