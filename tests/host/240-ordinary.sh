# ordinary traffic, a nightly logrotate, 500 greylisted messages and a newsletter of 2,000: no action
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

nothing_new() { [ "$(messages_in maildrop incoming active)" -eq 0 ]; }

roomy_night
correct_record
back_off
inside python3 /root/host/greylist.py start
flow
inject /root/grey.list grey.test G 500
inject /root/news.list flow.test N 2000
inside logrotate -f /etc/logrotate.conf
inject /root/mail.list example.test S 200
settle 60 deferred 500
sleep "${TWIN_SECONDS:-150}"
inside systemctl stop flow
events_of_the_night
nothing_was_done || fail "something was done"
[ -z "$(events_of_the_night)" ] || fail "an ordinary night is in the record"
wait_until 60 nothing_new
delivered_once /root/mail.list /root/news.list /root/flow.list
counts_are_true "an ordinary night"
