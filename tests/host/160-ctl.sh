# spoolguardctl tells what the record and the bus tell, as JSON too, and exits 3 when nobody answers
# shellcheck shell=bash

fill
healed 30
inside sh -c 'spoolguardctl log --json -n 4096 >/root/log.json'
judge <<'PYTHON'
import json
import record

told = [json.loads(line) for line in open("/root/log.json")]
found = record.records()
assert len(told) == len(found), f"{len(told)} told, {len(found)} in the file"
for a, b in zip(told, found):
    assert a.pop("time_usec") == b.pop("time") and a.pop("number") == b.pop("number"), (a, b)
    # What is no plain text is shown as \xNN, line ends too.
    assert a == {name: value.replace("\n", "\\x0a") for name, value in b.items()}, (a, b)
print(len(found), "records, the same in both")
PYTHON
judge <<'PYTHON'
import json
import subprocess

def run(*words):
    return subprocess.run(["spoolguardctl", *words], capture_output=True, text=True)

for command in (["status"], ["incidents"], ["log"], ["config"], ["plugins"], ["preflight"],
                ["explain", "vacuum-journal"], ["explain", "disk-space-high"]):
    # What preflight finds in a lab may well be trouble.
    good = (0, 1) if command == ["preflight"] else (0,)
    plain, told = run(*command), run(*command, "--json")
    assert plain.returncode in good and plain.stdout and not plain.stderr, (command, plain)
    assert told.returncode in good, (command, told)
    try:
        json.loads(told.stdout)
    except ValueError:
        assert all(json.loads(line) for line in told.stdout.splitlines()), (command, told)
assert json.loads(run("status", "--json").stdout)["state"] == "ok"
PYTHON

# Orders.
inside spoolguardctl maintenance 10m
[ "$(property '' Manager MaintenanceUntilUSec)" -gt 0 ] || fail "no maintenance"
inside spoolguardctl maintenance 0
over() { [ "$(property '' Manager MaintenanceUntilUSec)" = 0 ]; }
wait_until 20 over || fail "root could not end the maintenance"
inside spoolguardctl run vacuum-journal --dry-run
wait_event 10 run-begun playbook=vacuum-journal dry=yes
inside runuser -u stranger -- spoolguardctl status >/dev/null || fail "a stranger cannot read"
! inside runuser -u stranger -- spoolguardctl mode observe || fail "a stranger gave orders"

# Wrong usage is 2; nobody there is 3.
status=0
inside spoolguardctl no-such-command 2>/dev/null || status=$?
[ "$status" -eq 2 ] || fail "an unknown command: exit $status"
stop
for command in status incidents log 'mode observe'; do
	status=0
	# shellcheck disable=SC2086
	inside spoolguardctl $command >/dev/null || status=$?
	[ "$status" -eq 3 ] || fail "$command without a daemon: exit $status"
done
