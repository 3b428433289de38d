# a live log is trimmed under rsyslog: a marker, nothing torn, lost or out of order; a writer without O_APPEND is not hurt
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=disks.sh
. "$tests/disks.sh"
#
# The order of gentleness is tested elsewhere: here the steps that would come first are off.  MEGABYTES=N is the size
# of the log; 80 of them stay.

megabytes=${MEGABYTES:-240}

outcome() { events_of_the_night | grep '"event": "action-[a-z]*".*"verb": "logs.trim"' | grep -E '"action-outcome"|"action-denied"'; }
# Somebody else takes what is left but 4 MB, so that the disk is critical.
press() {
	inside sh -c 'fallocate -l $(($(df -B1 --output=avail /var/log | tail -n 1) - 4194304)) /var/log/filler'
}
lines_now() { inside python3 -c 'import json; print(json.load(open("/root/numbers.json"))["lines"])'; }
# The judge's figures, and what a marker may be: kept parts of the sizes that were asked for.
judged() { # LOG EXPECTED-MARKERS NUL
	local report
	report=$(numbers_are_whole "$1") || fail "$1 is not whole: $report"
	python3 - "$report" "$2" "$3" <<-'END' || fail "$1: $report"
		import json, sys
		report, markers, nul = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "nul"
		part = report["parts"][0]
		print(part)
		assert part["markers"] == markers, "markers"
		assert bool(part["nul_bytes"]) == nul, "NULs"
		assert part["first"] == 1, "the head is gone"
		assert part["tail_bytes"] > 60 << 20, "the newest part is gone"
		assert not markers or part["marker_lines"] in (None, part["cut_lines"]), "the marker counts other lines than are gone"
	END
}

log_size=$((2 * megabytes + 64))M
night
configure steps.lua <<-'EOF'
	return { playbooks = { ["compress-logs"] = { mode = "off" }, ["rotate-logs"] = { mode = "off" },
	  ["vacuum-journal"] = { mode = "off" }, ["drop-rotated-logs"] = { mode = "off" } } }
	EOF
reload
take_numbered /var/log/numbered.log

# Collapsed, while rsyslog writes a megabyte a second.
numbers "$numbered_socket" 50000000:$((megabytes / 50 + 1)) 1000000:0
sleep $((megabytes / 50 + 2))
before=$(rsyslogd)
free=$(available /var/log)
press
wait_until 90 outcome || fail "nothing was trimmed: $(events | tail -n 5)"
figure "$(outcome | sed -n '1s/.*"text": "\([^"]*\)".*/\1/p')"
wait_until 30 all_is_closed || fail "it is not over: $(state)"
written=$(lines_now)
sleep 3
[ "$(rsyslogd)" = "$before" ] || fail "rsyslog was started anew"
[ "$(lines_now)" -gt "$written" ] || fail "the writer stands still"
stop_numbers
sleep 1
inside rm /var/log/filler
[ "$(available /var/log)" -gt $((free + (megabytes - 110) * 1000000)) ] || fail "the space did not come back"
judged /var/log/numbered.log 1 no
last=$(inside tail -n 1 /var/log/numbered.log)
[ "$(grep -o 'numbered: [0-9]*' <<<"$last" | tr -dc 0-9 | sed 's/^0*//')" = "$(lines_now)" ] || fail "the last line is not the last: ${last:0:80}"
events_of_the_night | grep '"event": "manifest"' | grep -q numbered.log || fail "what went is not in a manifest"

# A writer without O_APPEND: whatever is done, what it wrote and writes is there.
inside sh -c 'rm -f /var/log/numbered.log; systemctl kill -s HUP rsyslog'
forget
numbers own:/var/log/own.log 50000000:$((megabytes / 50 + 1)) 1000000:0
sleep $((megabytes / 50 + 2))
press
wait_until 90 outcome || fail "nothing was said about a log whose writer has no O_APPEND: $(events | tail -n 5)"
figure "without O_APPEND: $(outcome | sed -n '1s/.*"text": "\([^"]*\)".*/\1/p')"
sleep 3
stop_numbers
if outcome | grep -q '"status": "done"'; then
	judged /var/log/own.log 1 nul
else
	judged /var/log/own.log 0 no
fi
inside rm /var/log/filler
wait_until 60 all_is_closed || fail "it is not over: $(state)"
