# the twin of Christmas Eve: a dead next hop, a roomy disk and a calm log are one sentence and no action
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 4G
inject /root/mail.list example.test S 60
# The default back-off of Postfix: what the story's admin had turned off.
inside sh -c 'postconf -e queue_run_delay=300s minimal_backoff_time=300s maximal_backoff_time=4000s; systemctl reload postfix@-'
sleep "${TWIN_SECONDS:-150}"
events | tail -n 40
[ "$(count_events action-intent)" -eq 0 ] || fail "something was done"
[ "$(count_events escalated)" -eq 0 ] || fail "people were called"
[ "$(count_events incident-opened)" -eq 1 ] || fail "not one incident"
[ "$(state)" = incident ] || fail "state $(state)"
property '' Manager StateText
