# disks.sh - what the tests of full disks have in common: file systems of all kinds, somebody who fills them, numbered logs
#
# Sourced by 4NN tests after nights.sh.  The disks are loop devices on files that have no name any more as soon as
# they are mounted inside: they go with the lab, however that ends.
# shellcheck shell=bash

# 77 where the kernel has no such file system.
need_kind() { # ext4|xfs|btrfs
	(
		# shellcheck source=../../packaging/lab.d/common.sh
		. "$source_tree/packaging/lab.d/common.sh"
		need_packages e2fsprogs xfsprogs btrfs-progs
	)
	grep -qw "$1" /proc/filesystems || modprobe -q "$1" || {
		echo "this kernel has no $1"
		exit 77
	}
}

# A new file system at PLACE inside, with what was there in it.  Whoever has files open there must be stopped.
disk() { # KIND SIZE PLACE [OPTION of mkfs...]
	local kind=$1 size=$2 place=$3 image loop status=0
	shift 3
	image=$(mktemp --suffix=.disk)
	truncate -s "$size" "$image"
	loop=$(losetup --find --show "$image")
	rm -f "$image"
	"mkfs.$kind" -q "$@" "$loop" >/dev/null || status=$?
	[ "$status" -ne 0 ] || inside sh -ec '[ -b "$1" ] || mknod "$1" b "$2" "$3"
		mkdir -p /run/disk
		mount -t "$4" "$1" /run/disk
		cp -aT "$5" /run/disk
		! mountpoint -q "$5" || umount -l "$5"
		mount -t "$4" "$1" "$5"
		umount /run/disk' disk "$loop" "$(stat -c %Hr "$loop")" "$(stat -c %Lr "$loop")" "$kind" "$place" || status=$?
	# It stays for as long as it is mounted.
	losetup --detach "$loop"
	return "$status"
}
log_disk() { # KIND SIZE [OPTION of mkfs...]
	inside systemctl stop -q spoolguard rsyslog.service syslog.socket
	disk "$1" "$2" /var/log "${@:3}"
	inside systemctl restart systemd-journald
	inside systemctl start -q syslog.socket rsyslog.service
}
state_disk() { # KIND SIZE [OPTION of mkfs...]
	inside systemctl stop spoolguard
	disk "$1" "$2" /var/lib/spoolguard "${@:3}"
}

# Somebody else: to the last byte; with the file for it before that to the last inode, which on xfs takes room itself.
fill_inodes() { # PLACE
	judge "$1" <<-'END'
		import errno, os, sys
		place = sys.argv[1]
		open(f"{place}/filler", "ab").close()
		os.makedirs(f"{place}/fillers", exist_ok=True)
		made = 0
		try:
		    while True:
		        os.close(os.open(f"{place}/fillers/{made}", os.O_CREAT | os.O_EXCL, 0o600))
		        made += 1
		except OSError as e:
		    if e.errno != errno.ENOSPC:
		        raise
		print(made, "empty files, and there cannot be more")
	END
}
fill_bytes() { # PLACE
	inside sh -c 'cat /dev/zero >>"$1/filler" 2>/dev/null
		dd if=/dev/zero bs=1 count=4096 status=none >>"$1/filler" 2>/dev/null
		df "$1" | tail -n 1' fill "$1"
}
empty_again() { inside sh -c 'for place; do rm -rf "$place/filler" "$place/fillers"; done' empty "$@"; } # PLACE...
available() { inside df -B1 --output=avail "$1" | tail -n 1 | tr -d ' '; }                               # PLACE
used_percent() { inside df --output=pcent "$1" | tail -n 1 | tr -dc 0-9; }                               # PLACE

# rsyslog takes what number.py writes as it takes Postfix's lines, without journald, which is not made for 100 MB/s:
# into mail.log and syslog, or into a file of its own.
numbered_socket=/run/numbered.socket
take_numbered() { # [FILE]
	local own=''
	[ $# -eq 0 ] || own="if \$syslogtag == 'numbered:' then { action(type=\"omfile\" file=\"$1\") stop }"
	put_text /etc/rsyslog.d/numbered.conf <<-EOF
		input(type="imuxsock" Socket="$numbered_socket" RateLimit.Interval="0" UseSysTimeStamp="off")
		$own
	EOF
	inside systemctl restart rsyslog
	wait_until 30 inside test -S "$numbered_socket"
}
# In the background: see inside/number.py.  Under way until `stop_numbers`.
numbers() { # TARGET RATE:SECONDS...
	inside systemd-run -q --unit=numbers python3 /root/host/number.py write /root/numbers.json "$@"
}
stop_numbers() { inside systemctl stop numbers; }
# Fails unless all lines of the parts that are kept are there, once and in order; with samples of /var/log all that were
# not written while it was full.
numbers_are_whole() { # LOG [SAMPLES]
	inside python3 /root/host/number.py check "$1" ${2:+/root/numbers.json "$2"}
}
rsyslogd() { inside pgrep -x rsyslogd; }
holds_nothing() { # PID -> of what is deleted
	[ "$(inside find -L "/proc/$1/fd" -type f -links 0 -printf . 2>/dev/null | wc -c)" -eq 0 ]
}
# The scene has replaced main.cf, so the watcher would start anew at some time: not while it is to know what is deleted.
start_knowing() {
	inside systemctl restart spoolguard
	wait_until 30 answers
	recorded=$(events | wc -l)
}
# As if nothing had been done yet: budgets and cool-downs are those of the record.
forget() {
	stop
	inside rm -f /var/lib/spoolguard/recorder /run/spoolguard/recorder
	start
	recorded=$(events | wc -l)
}
all_is_closed() { [ "$(count_events incident-opened)" -eq "$(count_events incident-closed)" ]; }

# What an unattended relay has to give: a month of mail in rotated logs, and archived journal.
stock() { # MEGABYTES of rotated logs that are days old
	judge "$1" <<-'END'
		import gzip, os, sys, time
		total = int(sys.argv[1]) << 20
		def write(name, opened, size, days):
		    path = f"/var/log/{name}"
		    with opened(path, "wb") as log:
		        while log.tell() < size:
		            log.write(os.urandom(2000).hex().encode() + b"\n")
		    os.chmod(path, 0o640)
		    os.utime(path, (time.time() - days * 86400,) * 2)
		write("mail.log.1", open, total // 2, 3)
		write("mail.log.2.gz", gzip.open, total // 4, 10)
		write("mail.log.3.gz", gzip.open, total // 4, 17)
	END
}

# Some 30 MB, in files of 8 MB that are minutes old.
archived_journal() {
	inside mkdir -p /etc/systemd/journald.conf.d
	put_text /etc/systemd/journald.conf.d/test.conf <<-'EOF'
		[Journal]
		SystemMaxUse=4G
		SystemKeepFree=1
		SystemMaxFileSize=8M
		RateLimitIntervalSec=0
	EOF
	inside systemctl restart systemd-journald
	flood 60000 30000
	inside journalctl -q --rotate
}

# The record of the state directory: slots, numbers, and nothing of what was there before is lost.
record_is_whole() { # WHEN
	local last=${recorded_last:-0}
	inside env RECORD=/var/lib/spoolguard/recorder /root/host/record.py check || fail "$1: the record has bad slots"
	recorded_last=$(judge "$last" <<-'END'
		import sys
		from record import read
		found, _ = read("/var/lib/spoolguard/recorder")
		numbers = [r["number"] for r in found]
		assert numbers == list(range(1, len(numbers) + 1)), f"not numbered without a gap: {numbers}"
		assert len(numbers) >= int(sys.argv[1]), f"{len(numbers)} records, there were {sys.argv[1]}"
		ended = {r["action"] for r in found if r["event"] in ("action-outcome", "action-unknown")}
		open_ended = [r for r in found if r["event"] == "action-intent" and r["action"] not in ended]
		assert not open_ended, f"no outcome: {open_ended}"
		print(len(numbers))
	END
	) || fail "$1: the record is not whole"
}
