# the twin of the bounce storm: as many deferred bounces, but no more of them and quiet queues beside: no action
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"

settled() { [ "$(messages_in deferred)" -eq 1000 ] && [ "$(messages_in maildrop incoming active)" -eq 0 ]; }

roomy_night
forgers_target
back_off
stop
guess 1000
wait_until 240 settled || fail "not 1000 bounces are deferred"
start
flow
sleep "${TWIN_SECONDS:-150}"
inside systemctl stop flow
[ "$(messages_in deferred)" -eq 1000 ] || fail "$(messages_in deferred) messages are deferred"
judge <<-'END' || fail "growth is not known, or there is some"
	import sys
	from bus import NAME, ROOT, call
	rows = [r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_bounce_growth"]
	print(rows)
	sys.exit(rows != [0])
END
events_of_the_night
nothing_was_done || fail "something was done"
active=$(property '' Manager ActiveConditions)
[[ $active == *queue-large_-_deferred* ]] || fail "a thousand deferred messages are not large: $active"
[[ $active != *bounce-storm* && $active != *queue-large_-_active* ]] || fail "bounces that lie there are a storm: $active"
counts_are_true "a thousand bounces"
