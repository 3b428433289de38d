# full.sh - somebody fills the disk with our own state, then that of the logs too, to the last byte and the last inode
#
# Sourced by 420 to 422 after disks.sh, each with its kind of file system.  The first disk has the ballast to give, the
# other one archived journal and rotated logs.  Nobody makes room on either until the end.
# shellcheck shell=bash

# What is in the record now must be in it for ever.
remember_record() { events >"$seen"; }
nothing_is_forgotten() { # WHEN
	events >"$seen.now"
	python3 - "$seen" "$seen.now" <<-'END' || fail "$1: the record has lost something"
		import json, sys
		before, now = ({r["number"]: r for r in map(json.loads, open(path))} for path in sys.argv[1:])
		lost = [r for number, r in before.items() if now.get(number) != r]
		print(len(before), "records,", len(now), "now;", len(lost), "lost or changed", lost[:3])
		sys.exit(bool(lost))
	END
}
something_was_freed() { # VERB... -> by any of them, since the record was remembered
	events action-outcome status=done >"$seen.done"
	python3 - "$seen" "$seen.done" "$@" <<-'END'
		import json, sys
		old = {json.loads(line)["number"] for line in open(sys.argv[1])}
		freed = {}
		for r in map(json.loads, open(sys.argv[2])):
		    if r["number"] not in old and r["verb"] in sys.argv[3:] and int(r.get("freed", 0)) > 0:
		        freed[r["verb"]] = freed.get(r["verb"], 0) + int(r["freed"])
		for verb, n in freed.items():
		    print(f"{verb} {n / 2**20:.0f} MiB", end="  ")
		sys.exit(not freed)
	END
}
all_is_well() { all_is_closed && state_is ok; }
still_works() { both_alive && inside spoolguardctl log >/dev/null; }
# To the last byte, but for what xfs keeps back.
# In a diagnosis or to a person: which of two troubles on one disk gives the incident its name, does not matter.
is_said() { inside spoolguardctl log | grep -qF -- "$1"; }
called_for_inodes() { [ "$(count_events escalated condition~disk-inodes-critical)" -gt 0 ]; }
is_full() { [ "$(used_percent "$1")" -ge 99 ]; }

full_disks() { # KIND [OPTION of mkfs that keeps inodes few...]; without one there is no end of them
	local kind=$1 size=${DISK_SIZE:-320M} began seen
	shift
	need_kind "$kind"
	night
	seen=$(mktemp)
	log_disk "$kind" "$size" "$@"
	state_disk "$kind" "$size" "$@"
	stock 60
	archived_journal
	start
	# Installing it has reserved one where there was ample room.
	inside test -s /var/lib/spoolguard/ballast || inside spoolguardctl run rebuild-ballast
	wait_until 20 inside test -s /var/lib/spoolguard/ballast || fail "there is no ballast"
	record_is_whole "before"

	# Our own disk: the ballast goes, and people are called, for there is nothing else.
	remember_record
	began=$SECONDS
	[ -z "$*" ] || fill_inodes /var/lib/spoolguard
	fill_bytes /var/lib/spoolguard
	# Somebody may still have been busy with filling it, and have taken what came back.
	wait_event 70 action-outcome verb=disk.free_ballast status=done || fail "the ballast was not given back"
	figure "$kind: the ballast was given back after $((SECONDS - began)) s"
	# The room that it was is taken as well.
	fill_bytes /var/lib/spoolguard
	still_works || fail "it does not work on a full disk"
	nothing_is_forgotten "state full"

	# The logs too: what is done about them is in the record all the same.
	remember_record
	[ -z "$*" ] || fill_inodes /var/log
	fill_bytes /var/log
	# Gentler steps fail for want of room, and each has its time first.
	wait_until 180 something_was_freed journal.vacuum logs.drop_rotated logs.trim || fail "nothing was freed on /var/log"
	is_full /var/lib/spoolguard || fail "there was room for the record: what is tested here?"
	figure "$kind: both full: $(something_was_freed journal.vacuum logs.drop_rotated logs.trim)"
	inside test -s /var/log/filler || fail "what somebody else wrote is gone"
	nothing_is_forgotten "both full"
	# What more can be tried is tried before anybody is called; no inodes are nothing that we could help.
	wait_until 60 is_said "/var/lib/spoolguard is 100" || fail "it is not said what is full"
	[ -z "$*" ] || wait_until 60 called_for_inodes || fail "there are no inodes, and nobody was called"
	remember_record
	inside systemctl restart spoolguard
	wait_until 20 still_works || fail "it does not start on a full disk"
	nothing_is_forgotten "restarted with a full disk"

	remember_record
	empty_again /var/log /var/lib/spoolguard
	wait_until 90 all_is_well || fail "there is room again, and it is $(state): $(property '' Manager StateText)"
	nothing_is_forgotten "healed"
	record_is_whole "healed"
	inside systemctl restart spoolguard
	wait_until 20 still_works
	nothing_is_forgotten "restarted"
	record_is_whole "restarted"
	figure "$kind: over after $((SECONDS - began)) s, $(wc -l <"$seen") records"
	rm -f "$seen"*
}
