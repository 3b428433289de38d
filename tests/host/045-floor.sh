# below the critical level a vacuum never takes what is younger than the floor
# shellcheck shell=bash

configure levels.lua <<<'return { conditions = { ["disk-space-critical"] = { trip = 0.99, clear = 0.98 } } }'
files() { inside sh -c 'ls /var/log/journal/*/system@*.journal' | sort; }

# All files are minutes old: refused.
inside systemctl restart spoolguard
fill 5500
before=$(files)
wait_event 20 action-denied verb=journal.vacuum
events action-denied
[ "$(count_events action-denied verb=journal.vacuum text~floor)" -ge 1 ] || fail "refused, but not by the floor"
sleep 3
state_is incident || fail "the state is $(state)"
[ "$(count_events action-intent verb=journal.vacuum)" -eq 0 ] || fail "a vacuum was begun"
[ -z "$(comm -23 <(echo "$before") <(files))" ] || fail "files are gone: $(comm -23 <(echo "$before") <(files))"

# Some are days old: they go, the young ones stay, though that is not enough.
stop
inside sh -c 'rm -rf /var/log/filler /var/lib/spoolguard/*; journalctl -q --vacuum-size=1M 2>/dev/null'
fill 5500
young=$(files | tail -n +7)
inside sh -c 'ls /var/log/journal/*/system@*.journal | sort | head -n 6 | xargs touch -d "3 days ago"'
start
wait_event 20 action-outcome verb=journal.vacuum
events action-outcome
[ -z "$(comm -23 <(echo "$young") <(files))" ] || fail "young files are gone: $(comm -23 <(echo "$young") <(files))"
[ "$(count_events action-outcome verb=journal.vacuum freed=0)" -eq 0 ] || fail "nothing went"
