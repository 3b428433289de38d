# a torn, foreign, missing or short recorder file, and a full state directory, end neither the daemon nor the past
# shellcheck shell=bash

file=/var/lib/spoolguard/recorder
fill
healed 30
before=$(count_events '')
events '' | head -n 20 >/tmp/record.$$
again() { # what: the daemon starts, says so, and the rest goes on
	since=$(now)
	start
	both_alive || fail "$1: not running"
	log_since "$since" | grep -i recorder | say_nothing_twice
	[ "$(inside stat -c %s $file)" -eq 4194304 ] || fail "$1: the file has another size"
}

# Torn: one slot half overwritten, as by a crash.
stop
inside dd if=/dev/urandom of=$file bs=1 seek=$((5 * 1024 + 300)) count=400 conv=notrunc status=none
again 'a torn slot'
log_since "$since" | grep -q '1 of 4096 slots' || fail "a torn slot: not told which"
grep -v '"number": 6,' /tmp/record.$$ | while read -r line; do
	events '' | grep -qxF "$line" || fail "a torn slot: lost $line"
done
[ "$(count_events '')" -ge "$before" ] || fail "a torn slot cost more than itself"
[ "$(property incident/1 Incident Id)" = 1 ] || fail "a torn slot: the past incident is gone from the bus"

# Foreign, of the wrong size, missing.
stop
inside sh -c "head -c 4194304 /dev/urandom >$file"
again 'a foreign file'
inside test -e $file.bad || fail "a foreign file: not kept aside"
[ "$(count_events started)" -eq 1 ] || fail "a foreign file: no new record"
stop
inside truncate -s 100000 $file
again 'a file of the wrong size'
stop
inside rm -f $file
start
both_alive || fail "a missing file: not running"
[ "$(count_events started)" -eq 1 ] || fail "a missing file: no new record"
stop
inside sh -c "rm -f $file; ln -s /etc/passwd $file"
again 'a symbolic link'
inside grep -q '^root:' /etc/passwd || fail "/etc/passwd was written"

# The state directory is a file system of its own without room for the recorder; that this one is full is not
# what is to be healed.
stop
calm
inside sh -c 'rm -rf /var/lib/spoolguard/*; journalctl -q --vacuum-size=1M 2>/dev/null
	mount -t tmpfs -o size=3M,mode=0750 none /var/lib/spoolguard; head -c 3M /dev/zero >/var/lib/spoolguard/hog 2>/dev/null || true'
configure disk.lua <<<'return { plugins = { disk = { paths = { "/var/log" } } } }'
start
both_alive || fail "full: not running"
state_is degraded || fail "full: the state is $(state)"
property '' Manager StateText
property '' Manager StateText | grep -q /run/spoolguard || fail "full: StateText does not say where the record is"
fill
healed 30 || fail "full: nothing heals"
[ "$(count_events action-outcome verb=journal.vacuum status=done)" -eq 1 ] || fail "full: not recorded in /run"
kept=$(count_events '')
# With room again the next start carries over what was kept in memory.
stop
inside sh -c 'rm -f /var/lib/spoolguard/hog; mount -o remount,size=64M /var/lib/spoolguard'
start
! state_is degraded || fail "still degraded: $(property '' Manager StateText)"
inside test -e $file || fail "no durable record"
! inside test -e /run/spoolguard/recorder || fail "the copy in memory is still there"
[ "$(count_events '')" -ge "$kept" ] || fail "the record of the full time is lost"

# A recorder that was there before its disk ran full goes on as if nothing were.
stop
calm
inside sh -c 'rm -rf /var/lib/spoolguard/*; journalctl -q --vacuum-size=1M 2>/dev/null'
start
inside sh -c 'cat /dev/zero >/var/lib/spoolguard/hog 2>/dev/null || true'
fill
healed 30 || fail "full later: nothing heals"
[ "$(inside /root/host/record.py check | cut -d' ' -f2)" = 0 ] || fail "bad slots"
[ "$(count_events action-outcome verb=journal.vacuum status=done)" -eq 1 ] || fail "full later: not recorded"
rm -f /tmp/record.$$
stop
inside umount /var/lib/spoolguard
