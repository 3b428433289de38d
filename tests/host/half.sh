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
# Attempts at .25 that came to nothing, as Postfix has logged them: out there a probe looks the same, who says the same EHLO.
failed_attempts() { # SINCE (seconds since 1970) -> the time of each
	judge "$1" <<-'END'
		import re, sys
		from datetime import datetime
		failed = re.compile(r"(\S+) .* postfix/smtp\[\d+\]: .* relay=[^,]*\[198\.51\.100\.25\]:25, .* status=(?:deferred|bounced) ")
		with open("/var/log/mail.log", encoding="utf-8", errors="replace") as log:
		    times = [datetime.fromisoformat(line[1]).timestamp() for line in map(failed.match, log) if line]
		print(*(when for when in times if when >= float(sys.argv[1])), sep="\n")
	END
}
# How many of them in each run of the playbook that brings mail back, from its beginning to that of the next one.
attempts_per_window() { # SINCE
	judge "$(failed_attempts "$1")" <<-'END'
		import sys
		from record import select
		tried = [float(when) for when in sys.argv[1].split()]
		begun = [r["time"] / 1e6 for r in select(["run-begun", "playbook=flush-after-recovery"])]
		windows = zip(begun, begun[1:] + [float("inf")])
		counts = [sum(begin <= when < end for when in tried) for begin, end in windows]
		print(*(n for n in counts if n), "" if sum(counts) == len(tried) else f"and {len(tried) - sum(counts)} without a run")
	END
}
# How many by postqueue -f on this spool, which waits for nothing, in half a minute.
attempts_by_force() {
	local began
	began=$(inside date +%s.%N)
	inside postqueue -f
	sleep 30
	failed_attempts "$began" | grep -c . || true
}
most() { tr ' ' '\n' | sort -n | tail -n 1 | grep . || echo 0; }
