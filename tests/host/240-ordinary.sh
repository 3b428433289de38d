# ordinary traffic, a nightly logrotate, 500 greylisted messages and a newsletter of 2,000: no action
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 1G
correct_record
inside python3 /root/host/greylist.py start
inject /root/grey.list grey.test G 500
flow
inject /root/mail.list flow.test N 2000
inside logrotate -f /etc/logrotate.conf
inject /root/mail.list example.test S 200
sleep "${TWIN_SECONDS:-120}"
inside systemctl stop flow
events | tail -n 40
[ "$(count_events action-intent)" -eq 0 ] || fail "something was done"
[ "$(count_events escalated)" -eq 0 ] || fail "people were called"
delivered_once
counts_are_true
