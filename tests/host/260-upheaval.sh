# Postfix stopped, reloaded and upgraded with mail in flight, a spool that vanishes: the counts stay true
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

night 1G
flow
inject /root/mail.list example.test S 2000
settle 60 deferred 1000
counts_are_true
inside systemctl reload postfix@-
counts_are_true
inside sh -c 'postsuper -h ALL deferred; postsuper -H ALL; postsuper -r ALL deferred' 2>/dev/null
sleep 3
counts_are_true
# Unmounted under a stopped Postfix: missing is not nothing.
inside systemctl stop postfix@-
device=$(inside findmnt -n -o SOURCE /var/spool/postfix)
inside umount -l /var/spool/postfix
sleep 5
judge <<-'END' || fail "an absent spool has counts"
	import math, sys
	from bus import NAME, ROOT, call
	rows = [r for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"]
	print(rows)
	sys.exit(any(r[2] is not None and not math.isnan(float(r[2])) and float(r[2]) > 0 for r in rows))
END
inside mount "$device" /var/spool/postfix
inside systemctl start postfix@-
sleep 10
counts_are_true
both_alive || fail "not alive"
inside systemctl stop flow
