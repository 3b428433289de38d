# a real rsyslog and Postfix log 1 MB/s, then 100 MB/s, onto 1 GB: seen before it is full, each step in its turn, the writer goes on, what is kept is whole but for what a full disk refused
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=disks.sh
. "$tests/disks.sh"
#
# Every line goes to mail.log and to syslog, as Debian has it: the writer's rate is half of the disk's.  SLOW=N and
# FAST=N are bytes a second on disk, FAST_SECONDS=N how long the storm blows, LOG_SIZE=SIZE that of the disk.

slow=${SLOW:-1000000} fast=${FAST:-100000000} blows=${FAST_SECONDS:-8}

# How loud the storm was is remembered for some minutes more.
all_is_done() { [ "$(count_events incident-note 'text=disk-space-high_/var/log cleared')" -gt 0 ] || state_is escalated; }
slow_is_seen() { [ "$(count_events incident-opened)" -gt 0 ]; }

log_size=${LOG_SIZE:-1G}
night
take_numbered
stock 60
archived_journal
stop
inside systemd-run -q --unit=samples python3 /root/host/samples.py /root/samples
flow
before=$(rsyslogd)
# Most of the disk is live log already; ten seconds of the slow rate are missing to the level at which it counts.
missing() { # PERCENT
	inside df -B1 --output=used,avail /var/log | awk -v percent="$1" 'END { printf "%d\n", $2 - ($1 + $2) * (100 - percent) / 100 }'
}
burst=$(($(missing 84) / fast - 1))
numbers "$numbered_socket" $((fast / 2)):"$burst" $((slow / 2)):30 $((fast / 2)):"$blows" $((slow / 2)):0
sleep $((burst + 2))
inside fallocate -l $(($(missing 84) - 10 * slow)) /var/log/filler
start
wait_until 40 slow_is_seen || fail "a disk that fills by $slow bytes a second is not seen: $(inside df /var/log | tail -n 1)"
figure "$slow bytes/s: seen at $(used_percent /var/log) %"
sleep $((20 + blows))
wait_until 200 all_is_done || fail "it is neither over nor is anybody called: $(state)"
[ "$(rsyslogd)" = "$before" ] || fail "rsyslog was started anew"
written=$(inside cat /root/numbers.json)
sleep 3
[ "$(inside cat /root/numbers.json)" != "$written" ] || fail "the writer stands still"
stop_numbers
inside systemctl stop samples flow
sleep 1
figure "$(inside cat /root/numbers.json)"
report=$(inside python3 /root/host/order.py /root/samples) || fail "$report"
while read -r line; do
	figure "$line"
done <<<"$report"
# rsyslog throws away what a full disk does not take: no line may be missing that it wrote at another time.
for log in /var/log/mail.log /var/log/syslog; do
	whole=$(numbers_are_whole "$log" /root/samples) || fail "$log is not whole: $whole"
	figure "$log: $(judge "$whole" <<-'END'
		import json, sys
		told = json.loads(sys.argv[1])
		full = ", ".join(f"{first} to {last}" for first, last in told["full"]) or "none"
		print(f"{told['lost']} lines missing in {told['gaps']} gaps, each in the time the disk was full (lines {full}); rsyslog was {told['behind']} lines behind")
	END
	)"
done
inside rm -f /var/log/filler
wait_until 60 nothing_moves
delivered_once /root/flow.list
