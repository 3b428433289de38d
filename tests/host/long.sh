# long.sh - incident 3 in compressed time: the primary is down, and mail gets older than its lifetime
#
# Sourced by 53N tests after outage.sh.  Days are minutes: a lifetime of three, people are back in an hour.
# shellcheck shell=bash

messages=100

primary_down() {
	outage_night
	inside postconf -e 'maximal_queue_lifetime = 3m' 'bounce_queue_lifetime = 3m' 'queue_run_delay = 5s' \
		'minimal_backoff_time = 5s' 'maximal_backoff_time = 20s' 'smtp_connect_timeout = 5s'
	# What an admin's main.cf may be like: a note for himself, a value over two lines, not everybody's to read.
	inside sh -c 'printf "# the backup MX of lab.test: ask before touching\nmynetworks_style =\n\thost\n" >>/etc/postfix/main.cf
		chgrp postfix /etc/postfix/main.cf; chmod 0640 /etc/postfix/main.cf'
	inside systemctl restart postfix@-
	outside lose 25
	inject /root/mail.list relay.test S "$messages"
}
# extend-lifetime may do what it sees fit, and soon.
may_extend() {
	local back
	back=$(inside date -d '+1 hour' '+%F %R')
	configure long.lua <<-EOF
		return {
		  back_by = "$back",
		  playbooks = { ["extend-lifetime"] = { mode = "enforce" } },
		  conditions = { ["bounce-cliff"] = { trip = 50, clear = 25, lasting = "5s", clear_lasting = "5s" } },
		}
	EOF
}
returned() { inside grep -c 'status=expired, returned to sender' /var/log/mail.log || true; }
oldest_is() { # SECONDS old at least
	[ "$(($(inside date +%s) - $(inside sh -c 'cut -d. -f1 /root/mail.list | head -n 1')))" -ge "$1" ]
}
