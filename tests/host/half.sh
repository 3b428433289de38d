# half.sh - a recovery that is only half true: what is tried into a hop that is still broken
#
# Sourced by 550 and 551 after outage.sh.
# shellcheck shell=bash

# Mail for a dead next hop, paused because its retries fill the log.
paused_night() { # MESSAGES
	outage_night
	inside postconf -e 'queue_run_delay = 5s' 'minimal_backoff_time = 5s' 'maximal_backoff_time = 5s' 'smtp_connect_timeout = 5s'
	inside systemctl restart postfix@-
	configure hurry.lua <<<'return { conditions = { ["log-volume-high"] = { trip = 4096, clear = 3072, lasting = "5s", clear_lasting = "5s" } } }'
	start
	outside lose 25
	inject /root/mail.list relay.test S "$1"
	settle 400 paused
	wait_until $((120 + $1 / 200)) postponed "$1" || fail "$(inside postqueue -p | tail -n 1), of which not all are postponed"
}
postponed() { # MESSAGES
	[ "$(inside find /var/spool/postfix/deferred -type f -newermt '+5 minutes' -printf . | wc -c)" -ge "$1" ]
}
forget_attempts() { inside sh -c ': >/root/outside/tried'; }
# Attempts of Postfix, not of a probe, at .25 in each run of the playbook that brings mail back, from its beginning to that of the next one.
attempts_per_window() { # BROKEN-SINCE (seconds since 1970; before that attempts are deliveries)
	judge "$1" <<-'END'
		import sys
		from record import select
		since = float(sys.argv[1])
		tried = [float(line.split()[0]) for line in open("/root/outside/tried", encoding="ascii") if " 198.51.100.25 " in line and (" EHLO " not in line or "RELAY.LAB.TEST" in line)]
		tried = [when for when in tried if when >= since]
		begun = [r["time"] / 1e6 for r in select(["run-begun", "playbook=flush-after-recovery"])]
		windows = zip(begun, begun[1:] + [float("inf")])
		counts = [sum(begin <= when < end for when in tried) for begin, end in windows]
		print(*(n for n in counts if n), "" if sum(counts) == len(tried) else f"and {len(tried) - sum(counts)} without a run")
	END
}
most() { tr ' ' '\n' | sort -n | tail -n 1 | grep . || echo 0; }
