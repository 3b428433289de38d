# the twin of Christmas Eve: a dead next hop, a roomy disk and a calm log are one sentence and no action
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

roomy_night
back_off
inject /root/mail.list example.test S 60
wait_event 120 incident-opened || fail "not noticed"
sleep "${TWIN_SECONDS:-150}"
events_of_the_night
nothing_was_done || fail "something was done"
events_of_the_night | python3 -c '
import json, sys
night = [json.loads(line) for line in sys.stdin]
# That it is also one of which not all addresses answer is no sentence of its own.
said = [(record["event"], record.get("kind")) for record in night if record.get("kind") != "condition"]
sys.exit(said != [("incident-opened", None), ("incident-note", "diagnosis")])
' || fail "not one sentence about it"
figure "$(events_of_the_night | sed -n 's/.*"kind": "diagnosis", "text": "\(.*\)"}/\1/p')"
state_is incident || fail "state $(state)"
counts_are_true "a dead next hop"
