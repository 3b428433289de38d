# delivered while it is being postponed, held by the admin in the middle of a pause: once, and still held
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

loud_night
inject /root/mail.list example.test S 300
settle 400 paused
wait_event 120 run-ended playbook=pause-deferred
# Mail that goes on coming, and lies deferred when it has: so that there is something to postpone in each renewal.
inside postconf -e 'minimal_backoff_time = 2m' 'maximal_backoff_time = 2m'
inside systemctl reload postfix@-
# A watcher that cannot read the replaced main.cf any more starts anew.
wait_event 60 watcher-restarted
wait_until 30 answers
inside systemd-run -q --unit=old python3 /root/demo.d/sink.py /root/sink.list 192.0.2.66
inside ip address replace 192.0.2.66/32 dev lo
inside systemd-run -q --unit=late python3 /root/demo.d/inject.py /root/late.list example.test L 0 0.5
inside env PYTHONPATH=/root/demo.d python3 /root/host/meanwhile.py || fail "not as it has to be"
both_alive || fail "not alive"
inside systemctl stop late
correct_record
settle 600 over
delivered_once /root/mail.list /root/late.list
counts_are_true "after all"
