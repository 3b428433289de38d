# a big log is deleted under rsyslog: found, named with holder and size, reopened; a stranger's deleted file is named, not touched
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=disks.sh
. "$tests/disks.sh"
#
# MEGABYTES=N is how big they are; more than what deleted-open-large needs.

megabytes=${MEGABYTES:-160}
log=/var/log/mail.log

is_said() { # TEXT... -> the last sentence of the record that has all of them
	events '' "${@/#/text~}" | sed -n '$s/.*"text": "\([^"]*\)".*/\1/p' | grep .
}
reopened() { events_of_the_night | grep '"event": "action-outcome".*"verb": "logs.reopen".*"status": "done"'; }

log_size=$((3 * megabytes + 64))M
night
take_numbered
start_knowing
flow
numbers "$numbered_socket" 25000000:$((megabytes / 25 + 1)) 20000:0
wait_until 60 inside sh -c "[ \$(stat -c %s $log) -gt $((megabytes * 1000000)) ]"

# The twin: rotated as every night, a file loses its name for another one.
inside logrotate -f /etc/logrotate.d/rsyslog
sleep 10
[ "$(inside stat -c %s "$log.1")" -gt $((megabytes * 1000000)) ] || fail "it was not rotated: what is tested here?"
! events_of_the_night | grep -E '"verb": "logs\.reopen"' || fail "something was reopened though nothing was deleted"
# Nobody is to find the other copy.
inside sh -c "mv $log.1 $log; cat /dev/null >/var/log/syslog; rm -f /var/log/syslog.1"
inside systemctl kill -s HUP rsyslog
sleep 2

before=$(rsyslogd)
size=$(inside stat -c %s "$log")
pinned=$(available /var/log)
inside rm "$log"
inside date +%s%6N | inside tee /root/deleted >/dev/null
! holds_nothing "$before" || fail "rsyslog does not hold it: what is tested here?"
wait_until 60 reopened || fail "it was not reopened: $(events | tail -n 5)"
wait_until 30 holds_nothing "$before" || fail "rsyslog still holds it"
free=$(available /var/log)
[ $((free - pinned)) -gt $((size * 9 / 10)) ] || fail "$((free - pinned)) bytes came back, the log had $size"
said=$(is_said "$log" rsyslogd rsyslog.service "$before") || fail "nobody says who held it: $(events action-outcome)"
figure "found: $said"
judge "$size" <<-'END' || fail "the space is not accounted for"
	import sys
	from record import records
	size, deleted = int(sys.argv[1]), int(open("/root/deleted").read())
	found = [r for r in records() if r["event"] == "action-outcome" and r["verb"] == "logs.reopen" and r["status"] == "done"]
	probes = [r for r in records() if r["event"] == "action-outcome" and r["verb"] == "disk.deleted_open"]
	assert probes and probes[0]["number"] < found[0]["number"], "reopened before anybody had looked"
	freed = sum(int(r["freed"]) for r in found)
	assert 0.9 * size < freed < 1.1 * size, f"{freed} are said to be free again, the log had {size}"
	print(f"FIGURE reopened {(found[0]['time'] - deleted) / 1e6:.1f} s after it was deleted: {freed / 2**20:.0f} MiB ({found[0]['text']})")
END
[ "$(rsyslogd)" = "$before" ] || fail "rsyslog was started anew"
wait_until 30 inside grep -q numbered: "$log" || fail "nothing is written to the new $log"
wait_event 60 incident-note "text=deleted-open-large cleared" || fail "it is not over: $(state)"

# A stranger: told, and left alone.
forget
inside systemd-run -q --unit=stranger python3 /root/host/holder.py /var/log/stranger.log "$megabytes" /root/stranger
wait_until 60 inside grep -q deleted /root/stranger
wait_until 60 is_said /var/log/stranger.log python3 stranger.service || fail "nobody says who holds it: $(events | tail -n 5)"
figure "a stranger: $(is_said /var/log/stranger.log python3 stranger.service)"
sleep 20
[ "$(inside systemctl is-active stranger)" = active ] || fail "the stranger was ended"
! inside grep signal /root/stranger || fail "the stranger was sent a signal"
[ "$(inside tail -n 1 /root/stranger)" = "still $((megabytes << 20))" ] || fail "its file is not what it was"
! events_of_the_night | grep -E '"event": "action-outcome".*"verb": "logs.reopen".*"status": "done"' || fail "something was reopened"
[ "$(rsyslogd)" = "$before" ] || fail "rsyslog was started anew"
inside systemctl stop stranger
wait_event 60 incident-note "text=deleted-open-large cleared" || fail "it is not over: $(state)"

stop_numbers
sleep 1
numbers_are_whole "$log" || fail "$log is not whole after it was reopened"
inside systemctl stop flow
wait_until 60 nothing_moves
delivered_once /root/flow.list
