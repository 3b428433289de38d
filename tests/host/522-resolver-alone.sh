# a dead name server without spoolguard: correcting resolv.conf alone brings nothing back
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=names.sh
. "$tests/names.sh"

slow_night y
inside systemctl mask -q --now spoolguard
during=$(rate 25 20)
correct_file
sleep 30
after=$(rate 25 30)
figure "$before messages a second before, $during during, $after from half a minute after the file was corrected"
[ "$after" -lt $((before / 2)) ] || fail "Postfix came back by itself"
! copy_is_new || fail "somebody else refreshed the copy"
