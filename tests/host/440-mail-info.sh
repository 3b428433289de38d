# Christmas Eve, and somebody deletes mail.info under rsyslog in the middle of it: its space comes back, and all mail arrives once
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=disks.sh
. "$tests/disks.sh"
#
# Debian 12 writes no mail.info any more; the relay of the story does.  Its night is one of hundreds of megabytes, this
# one is small: MESSAGES=N sets how much mail it is, and what is large begins at 128 KB.

messages=${MESSAGES:-300}
log=/var/log/mail.info

big_enough() { [ "$(inside stat -c %s "$log")" -gt 300000 ]; }
reopened() { events_of_the_night | grep '"event": "action-outcome".*"verb": "logs.reopen".*"status": "done"'; }

night
put_text /etc/rsyslog.d/mail-info.conf <<<"mail.info -$log"
inside systemctl restart rsyslog
configure hurry.lua <<-'EOF'
	return { conditions = {
	  ["log-volume-high"] = { trip = 4096, clear = 3072, lasting = "5s", clear_lasting = "5s" },
	  ["deleted-open-large"] = { trip = 131072, clear = 65536, lasting = "2s" } } }
EOF
start_knowing
hold_five
flow
inject /root/mail.list example.test S "$messages"
wait_until 120 big_enough || fail "there is hardly any log: what is tested here?"
before=$(rsyslogd)
inside rm "$log"
! holds_nothing "$before" || fail "rsyslog does not hold it: what is tested here?"
deleted=$SECONDS
wait_until 60 reopened || fail "it was not reopened: $(events_of_the_night | tail -n 5)"
figure "reopened after $((SECONDS - deleted)) s: $(reopened | sed -n '1s/.*"text": "\([^"]*\)".*/\1/p')"
holds_nothing "$before" || fail "rsyslog still holds it"
[ "$(rsyslogd)" = "$before" ] || fail "rsyslog was started anew"
wait_until 60 inside grep -q 'postfix/' "$log" || fail "nothing is written to the new $log"
settle 300 paused
correct_record
settle 600 over
inside systemctl stop flow
settle 60 over
delivered_once /root/mail.list /root/flow.list
counts_are_true "after the night"
inside /root/host/record.py check || fail "the record has bad slots"
