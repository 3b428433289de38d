# observe and maintenance hold over restarts and a reboot, and only root raises what others lowered
# shellcheck shell=bash

mode_is() { [ "$(property '' Manager Mode)" = "$1" ]; }
until_usec() { property '' Manager MaintenanceUntilUSec; }
bus() { # user method arguments...
	local user=$1
	shift
	inside runuser -u "$user" -- busctl call org.spoolguard1 /org/spoolguard1 org.spoolguard1.Control "$@"
}

# Observe over the bus, by the admin group; kept over a stop and over a crash.
bus helper Observe
wait_until 20 mode_is observe || fail "helper could not lower"
inside systemctl restart spoolguard
wait_until 30 mode_is observe || fail "a restart raised the mode"
inside systemctl kill -s KILL spoolguard
sleep 2
wait_until 15 mode_is observe || fail "a crash raised the mode"
# A reload that the bus asked for raises nothing either; root's order does.
bus helper Reload
sleep 1
wait_until 30 answers
mode_is observe || fail "a reload over the bus raised the mode"
! inside runuser -u helper -- python3 /root/host/control.py mode mode=enforce 2>/dev/null || fail "helper raised the mode"
root_orders mode mode=enforce
wait_until 20 mode_is enforce || fail "root could not raise"
bus root Observe
wait_until 20 mode_is observe
reload
wait_until 30 mode_is enforce || fail "root's reload does not end what was ordered"
# The journal and the record know who asked.
events mode
[ "$(count_events mode mode=observe)" -ge 2 ] || fail "not recorded"

# Maintenance: no new action, over a restart too; at its end the incident is healed.
bus helper Maintenance t 15000000
[ "$(until_usec)" -gt 0 ] || fail "no maintenance"
! bus helper Maintenance t 1000000 2>/dev/null || fail "helper made a maintenance shorter"
fill
wait_event 10 incident-opened
sleep 3
inside systemctl restart spoolguard
wait_until 30 answers
[ "$(until_usec)" -gt 0 ] || fail "the restart ended the maintenance"
sleep 3
[ "$(count_events action-intent)" -eq 0 ] || fail "an action in a maintenance"
healed 40 || fail "not healed after the maintenance"
judge <<'PYTHON'
import record
found = record.records()
until = int([r for r in found if r["event"] == "maintenance"][0]["until"])
intent = [r for r in found if r["event"] == "action-intent"][0]
assert intent["time"] >= until, "an action before the end of the maintenance"
print(f"FIGURE first action {(intent['time'] - until) / 1e6:.2f} s after the end of the maintenance")
assert len([r for r in found if r["event"] == "incident-opened"]) == 1
PYTHON

# A reboot in the middle of an incident keeps it and the record.
stop
calm
inside sh -c 'rm -rf /var/lib/spoolguard/*; journalctl -q --vacuum-size=1M 2>/dev/null'
start
root_orders maintenance usec=600000000
fill
wait_event 10 incident-opened
before=$(events '' | head -n 6)
"$lab" restart "$name"
start
while read -r line; do
	events '' | grep -qxF "$line" || fail "the reboot lost: $line"
done <<<"$before"
[ "$(until_usec)" -gt 0 ] || fail "the reboot ended the maintenance"
wait_until 30 state_is incident || fail "the state is $(state)"
inside busctl --list tree org.spoolguard1 | grep -qx /org/spoolguard1/incident/1 || fail "incident 1 is gone"
[ "$(count_events action-intent)" -eq 0 ] || fail "an action in a maintenance"
root_orders maintenance usec=0
healed 30 || fail "not healed after the reboot"
[ "$(count_events incident-closed incident=1)" -eq 1 ] || fail "another incident was closed"
[ "$(count_events incident-opened)" -eq 1 ] || fail "a second incident was opened"
