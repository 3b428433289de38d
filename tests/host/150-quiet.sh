# a quiet relay: no action, hardly a wake-up, no processor time to speak of
# shellcheck shell=bash

sleep 12
records=$(count_events '')
figures() { # wake-ups and processor ticks of both processes
	inside sh -c 'for pid in "$@"; do
		awk "/^voluntary_ctxt_switches/ { print \$2 }" /proc/$pid/status
		awk "{ print \$14 + \$15 }" /proc/$pid/stat
		awk "/^(VmRSS)/ { print \$2 }" /proc/$pid/status
	done' figures "$(executor_pid)" "$(watcher_pid)" | tr '\n' ' '
}
read -r executor_before executor_ticks _ watcher_before watcher_ticks _ <<<"$(figures)"
sleep 60
read -r executor_after executor_now executor_kb watcher_after watcher_now watcher_kb <<<"$(figures)"
hertz=$(getconf CLK_TCK)
per_second() { awk "BEGIN { printf \"%.2f\", ($2 - $1) / 60 }"; }
executor_wakes=$(per_second "$executor_before" "$executor_after")
watcher_wakes=$(per_second "$watcher_before" "$watcher_after")
cpu=$(awk "BEGIN { printf \"%.3f\", 100 * ($executor_now - $executor_ticks + $watcher_now - $watcher_ticks) / $hertz / 60 }")
figure "idle: executor $executor_wakes and watcher $watcher_wakes wake-ups a second, $cpu % of a processor, $executor_kb and $watcher_kb KiB resident"
[ "$(count_events '')" -eq "$records" ] || fail "something was recorded on a quiet relay"
awk "BEGIN { exit !($executor_wakes < 5 && $watcher_wakes < 10 && $cpu < 0.5) }" || fail "not quiet"
