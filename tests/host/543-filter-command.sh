# the wave before a filter that is too slow: the site's command raises its number of processes, once, and the queue shrinks
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=filter.sh
. "$tests/filter.sh"

processes() { inside postconf -hF scan/unix/process_limit; }
half_is_gone() { [ "$(messages_in incoming active deferred)" -lt 673 ]; }

filter_night
# What Postfix would send at once, if there were processes for it.
inside postconf -e 'scan_destination_concurrency_limit = 100' 'scan_initial_destination_concurrency = 100'
inside systemctl restart postfix@-
put_text /usr/local/sbin/more-filters <<'EOS'
#!/bin/sh
set -e
postconf -F 'scan/unix/process_limit=100'
systemctl reload postfix@-
echo "the filter has $(postconf -hF scan/unix/process_limit) processes now"
EOS
inside chmod 0755 /usr/local/sbin/more-filters
remedy_is /usr/local/sbin/more-filters 120
start
get_slow
set_at=$SECONDS
wave
wait_event 240 action-outcome verb=command.run status=done || fail "the remedy was not run: $(diagnosis)"
figure "run after $((SECONDS - set_at)) s: $(events action-outcome verb=command.run | sed 's/.*"text": "\([^"]*\)".*/\1/')"
[ "$(processes)" -eq 100 ] || fail "the filter has $(processes) processes"
before=$(own_delivered)
[ "$before" -lt 200 ] || fail "the filter was not slow: $before messages got through"
wait_until 240 half_is_gone || fail "the queue does not shrink: $(messages_in incoming active deferred)"
wait_until 240 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
figure "$before of 1324 messages of the own domain delivered before that, all after $((SECONDS - set_at)) s"
wait_event 120 run-ended playbook=restart-filter || fail "it is not verified"
[ "$(count_events run-ended playbook=restart-filter result=cleared)" -eq 1 ] || fail "it is not verified: $(events run-ended playbook=restart-filter)"
once_and_nothing_held command.run
taken_once /root/own.list /root/other.list
[ -z "$(others_blamed filter)" ] || fail "somebody else was blamed, too: $(others_blamed filter)"
wait_until 120 healed 1 || fail "the incident does not end: $(diagnosis)"
