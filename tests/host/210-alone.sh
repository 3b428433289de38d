# killed and masked in the middle of a pause: Postfix alone delivers everything once the record is corrected
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 256M
hold_five
inject /root/mail.list example.test S 500
settle 300 paused
sleep 5
inside sh -c 'systemctl mask -q spoolguard; systemctl kill -s KILL spoolguard'
wait_until 10 inside sh -c '! pgrep -x spoolguardd'
correct_record
started=$SECONDS
# A slice is a quarter of an hour; from its tenth minute on the retries are spread.
wait_until 1100 inside sh -c '[ -z "$(find /var/spool/postfix/deferred /var/spool/postfix/active /var/spool/postfix/incoming -type f)" ]'
figure "all mail was delivered by Postfix alone $((SECONDS - started)) s after the record was corrected"
delivered_once
