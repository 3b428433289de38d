# the wave before a stuck content filter without spoolguard: no message of the own domain gets through, and nobody is told
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=filter.sh
. "$tests/filter.sh"

filter_night
inside systemctl mask -q --now spoolguard
# As in 540: its pace before, then the same wave.
stream stream-flow /root/flow.list flow.test F 2
sleep 20
get_stuck
wave
waiting=$(messages_in incoming active deferred)
before=$(own_delivered)
# As long as 540 takes before it counts.
sleep "${ALONE_SECONDS:-90}"
after=$(own_delivered) grown=$(messages_in incoming active deferred)
alarms=$(inside sh -c 'grep -cE "(warning|error|fatal|panic): " /var/log/mail.log || true')
figure "$before of 1324 messages of the own domain delivered when the wave was in, $after after ${ALONE_SECONDS:-90} s; $waiting messages waited, then $grown; Postfix's warnings: $alarms"
[ "$waiting" -ge 1324 ] || fail "the wave does not wait: $waiting messages"
[ "$after" -eq 0 ] || fail "$after messages of the own domain got through a filter that is stuck"
[ "$grown" -gt "$waiting" ] || fail "the queue does not grow"
[ "$alarms" -eq 0 ] || fail "Postfix tells somebody: $(inside grep -E '(warning|error|fatal|panic): ' /var/log/mail.log | head -n 3)"
