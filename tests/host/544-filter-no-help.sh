# a stuck filter whose remedy does not help: it is not repeated, and people are called with what waits, for whom and from whom
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=filter.sh
. "$tests/filter.sh"

told() { # WORDS
	[ "$(count_events incident-note "text~$1")" -ge 1 ] || fail "nobody is told of '$1': $(events incident-note)"
}

filter_night
remedy_is /usr/bin/true 40
# People are called at once, not after a quarter of an hour.
configure hurry.lua <<<'return { conditions = { ["filter-stuck"] = { level = "critical" } } }'
start
stream stream-flow /root/flow.list flow.test F 2
sleep 20
get_stuck
wave
wait_event 120 action-outcome verb=command.run status=done || fail "the remedy was not run: $(diagnosis)"
wait_event 120 run-ended playbook=restart-filter || fail "it does not end"
[ "$(count_events run-ended playbook=restart-filter result=not-cleared)" -eq 1 ] || fail "it is said to have helped: $(events run-ended)"
wait_event 30 escalated || fail "nobody is called"
figure "$(diagnosis)"
events incident-note kind=note | sed -n 's/.*"text": "\(.*\)"}/FIGURE \1/p'
told 'it did not help that the command remedy was run'
told '1,324 are for lab.example'
told 'sender domains: relay.lab.test'
told 'queues: maildrop 0, incoming '
sleep 60
once_and_nothing_held command.run
[ -z "$(others_blamed filter)" ] || fail "somebody else was blamed, too: $(others_blamed filter)"
# Somebody comes who knows what to do.
stop_streams
inside systemctl restart filter
sleep 5
inside postqueue -f
wait_until 300 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/own.list /root/other.list /root/flow.list
