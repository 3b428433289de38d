# the long outage without spoolguard: the mail is returned to its senders
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=long.sh
. "$tests/long.sh"

all_returned() { [ "$(returned)" -eq "$messages" ]; }

primary_down
inside systemctl mask -q --now spoolguard
wait_until 420 all_returned || fail "only $(returned) of $messages were returned"
figure "$messages of $messages messages were returned to their senders"
