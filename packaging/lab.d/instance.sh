# lab.d/instance.sh - one lab: its file systems, its boot, its end
#
# /var/lib/spoolguard-lab/NAME holds
#   base            path of the image below the overlay
#   upper, work     the overlay's own part
#   log.img, spool.img   the small ext4 file systems
#   root            where it is all mounted; the boot sees the same mounts
#   pid             "PID START BOOT" of systemd-nspawn; START (clock ticks, from
#                   /proc) and BOOT (boot id) tell it from a later process that
#                   was given the same number
#   console.log     what the lab's systemd printed
#   install.log     what apt said in it
#
# Every step is written so that it may be repeated and so that destroy works after
# any prefix of them.
# shellcheck shell=bash

instance_dir() { echo "$state_dir/$1"; }

need_instance() {
	check_name "${1:-}"
	[ -d "$(instance_dir "$1")" ] || die "there is no lab '$1'"
}

need_running() {
	need_instance "${1:-}"
	instance_pid "$1" >/dev/null || die "'$1' is not running; '$prog restart $1' boots it"
}

# Field 22 of /proc/PID/stat, counted behind the name, which may hold blanks.
process_start() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	echo "${20}"
}

# The systemd-nspawn process of an instance, if it is still that process.
instance_supervisor() {
	local pid start boot file
	file=$(instance_dir "$1")/pid
	[ -s "$file" ] || return 1
	read -r pid start boot <"$file" || return 1
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
	[ "$(process_start "$pid")" = "$start" ] || return 1
	echo "$pid"
}

# The lab's first process, as the outer host numbers it: the child of the
# supervisor that is number 1 in its own process namespace.
instance_pid() {
	local supervisor child
	supervisor=$(instance_supervisor "$1") || return 1
	# shellcheck disable=SC2013
	for child in $(cat "/proc/$supervisor/task/$supervisor/children" 2>/dev/null); do
		if [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$child/status" 2>/dev/null)" = 1 ]; then
			echo "$child"
			return 0
		fi
	done
	return 1
}

# Runs a command inside, as root, with a clean environment.  It and the nsenter that
# waits for it are in a cgroup of the lab, where stopping finds them; a group beside
# systemd-nspawn's own two, as cgroup v2 wants processes only in the leaves.
inside() {
	local name=$1 pid
	shift
	pid=$(instance_pid "$name") || die "'$name' stopped running"
	(
		for group in $(cgroup_groups "$name"); do
			mkdir -p "$group/visitors" && echo "$BASHPID" >"$group/visitors/cgroup.procs"
		done
		exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wdns=/ \
			/usr/bin/env -i TERM="${TERM:-dumb}" HOME=/root LANG=C.UTF-8 \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			SYSTEMD_PAGER='' "$@"
	)
}

instance_create() {
	local name=$1 base=$2 log_size=$3 spool_size=$4 dir
	dir=$(instance_dir "$name")
	mkdir -p "$state_dir"
	mkdir "$dir" 2>/dev/null || die "'$name' exists already; '$prog down $name' takes it away"
	mkdir "$dir/upper" "$dir/work" "$dir/root"
	# Root of an overlay takes the mode of its upper directory.
	chmod 755 "$dir/upper"
	echo "$base" >"$dir/base"
	instance_filesystem "$dir/log.img" "$log_size" "$base/var/log"
	instance_filesystem "$dir/spool.img" "$spool_size" "$base/var/spool/postfix"
	instance_mount "$name"

	# Its own identity: the journal's directory is named by the machine id.
	tr -d - </proc/sys/kernel/random/uuid >"$dir/root/etc/machine-id"
	echo "$name" >"$dir/root/etc/hostname"
	cat >"$dir/root/etc/hosts" <<-END
		127.0.0.1 localhost
		$lab_address relay.lab.test $name
	END
}

# An ext4 file with the image's directory as its contents; sparse, so it costs the
# outer disk only what is written.
instance_filesystem() {
	local image=$1 size=$2 contents=$3
	truncate -s "$size" "$image" 2>/dev/null || die "'$size' is no size (as in 256M)"
	mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 -d "$contents" "$image" 2>/dev/null ||
		die "no ext4 of size $size could be made (too small, or no space left)"
}

mounted() { awk -v at="$1" '$5 == at { found = 1 } END { exit !found }' /proc/self/mountinfo; }

instance_mount() {
	local dir
	dir=$(instance_dir "$1")
	mounted "$dir/root" ||
		mount -t overlay "spoolguard-lab-$1" \
			-o "lowerdir=$(cat "$dir/base"),upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
	mounted "$dir/root/var/log" || mount -o loop "$dir/log.img" "$dir/root/var/log"
	mounted "$dir/root/var/spool/postfix" ||
		mount -o loop "$dir/spool.img" "$dir/root/var/spool/postfix"
}

# The cgroups an instance lives in: its own in every hierarchy, so that two labs'
# systemds do not manage the same tree.  cpuset is left out: a new group there
# takes no process until it was given processors.
cgroup_groups() {
	awk -v group="spoolguard-lab-$1" \
		'$(NF-2) ~ /^cgroup2?$/ && $5 !~ /\/cpuset$/ { print $5 "/" group }' /proc/self/mountinfo |
		sort -u
}

# Every process of an instance, seen from outside; $2 narrows it to one sub-group.
instance_processes() {
	local group
	for group in $(cgroup_groups "$1"); do
		find "$group/${2:-}" -name cgroup.procs -exec cat {} + 2>/dev/null || true
	done | sort -u
}

# Sends a signal to all of them; one that just ended is no error.
instance_signal() {
	local pid
	for pid in $(instance_processes "$2" "${3:-}"); do
		kill -s "$1" "$pid" 2>/dev/null || true
	done
}

# Starts systemd-nspawn and waits until the system inside has finished booting.
instance_boot() {
	local name=$1 dir started launcher
	dir=$(instance_dir "$name")
	started=$(date +%s%N)
	: >"$dir/console.log"
	rm -f "$dir/pid"

	# A shell that enters the cgroups and then becomes systemd-nspawn, so that the
	# number written down is the number that stays.  setsid: an interrupt typed at
	# this terminal is not for the lab.  SYS_RESOURCE and Landlock are what a real host
	# has and systemd-nspawn would withhold: the first for OOMScoreAdjust=, without a
	# word when missing, the second by its own system call filter.
	# shellcheck disable=SC2016,SC2046
	setsid bash -c '
		name=$1 dir=$2 boot=$(cat /proc/sys/kernel/random/boot_id)
		shift 2
		while [ "$1" != -- ]; do
			mkdir -p "$1" && echo $$ >"$1/cgroup.procs"
			shift
		done
		shift
		stat=$(cat /proc/$$/stat); stat=${stat##*) }
		set -- $(set -- $stat; echo "${20}") "$@"
		echo "$$ $1 $boot" >"$dir/pid"
		shift
		exec "$@"
	' lab-boot "$name" "$dir" $(cgroup_groups "$name") -- \
		systemd-nspawn --quiet --boot --register=no --keep-unit --private-network \
		--link-journal=no --resolv-conf=off --timezone=off --console=read-only \
		--capability=CAP_SYS_RESOURCE \
		--system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
		--machine="$name" --directory="$dir/root" systemd.show_status=yes \
		</dev/null >"$dir/console.log" 2>&1 &
	launcher=$!
	disown "$launcher"
	instance_wait "$name" "$launcher"
	say "$name booted in $((($(date +%s%N) - started) / 1000000)) ms"
}

# Ready is: its systemd answers on the system bus and no start job is left.
# A failed unit is told, not fatal: a test may want exactly that.
instance_wait() {
	local name=$1 launcher=$2 state deadline=$((SECONDS + 60))
	until instance_pid "$name" >/dev/null &&
		inside "$name" busctl --quiet --timeout=2 call org.freedesktop.systemd1 \
			/org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping >/dev/null 2>&1; do
		[ -d "/proc/$launcher" ] || die "'$name' ended while booting"
		[ $SECONDS -lt $deadline ] || die "'$name' did not boot within 60 s"
		sleep 0.1
	done
	state=$(inside "$name" timeout 60 systemctl is-system-running --wait) || true
	case $state in
	running) ;;
	degraded)
		warn "$name is degraded:"
		inside "$name" systemctl --failed --no-legend --plain >&2
		;;
	*) die "'$name' is '${state:-silent}' after 60 s, not running" ;;
	esac
}

# A clean power-off from inside, given $2 seconds; what is then still there, or what a
# killed systemd-nspawn left, is killed.
#
# The request is repeated, for a systemd that has only begun to start does not hear
# it.  Visitors get a CONT: while it shuts down, systemd stops every process for a
# moment, nsenter then stops itself too, and nobody else would wake it to reap its
# child, without which the lab's first process cannot end.
instance_stop() {
	local name=$1 limit=$2 pid tries
	for ((tries = 0; tries < limit * 10; tries++)); do
		pid=$(instance_pid "$name") || break
		[ $((tries % 10)) -ne 0 ] || kill -s RTMIN+4 "$pid" 2>/dev/null || true
		instance_signal CONT "$name" visitors
		sleep 0.1
	done
	! pid=$(instance_pid "$name") || warn "$name did not power off within $limit s; killed"
	# The supervisor ends by itself once it has reaped the first process.
	for ((tries = 0; tries < 150; tries++)); do
		[ -n "$(instance_processes "$name")" ] || return 0
		[ "$tries" -lt 10 ] || instance_signal KILL "$name"
		sleep 0.1
	done
	die "processes of '$name' do not end: $(instance_processes "$name" | xargs)"
}

# All of it, in reverse, whatever part of it exists.
instance_destroy() {
	local name=$1 dir image loop root group
	dir=$(instance_dir "$name")
	[ -d "$dir" ] || return 0
	# Nothing in it is kept, so there is no need to wait for a slow unit.
	instance_stop "$name" 10
	# Lazily when somebody outside stands in it; the loop device follows when the last
	# user is gone.
	for root in "$dir/root/var/spool/postfix" "$dir/root/var/log" "$dir/root"; do
		while mounted "$root"; do
			umount "$root" 2>/dev/null || umount --lazy "$root" || die "$root: cannot be unmounted"
		done
	done
	for image in "$dir/log.img" "$dir/spool.img"; do
		for loop in $(losetup --noheadings --output NAME --associated "$image" 2>/dev/null); do
			losetup --detach "$loop" || true
		done
	done
	for group in $(cgroup_groups "$name"); do
		[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
	# Left by a systemd-nspawn that was killed.
	rmdir "/run/systemd/nspawn/propagate/$name" 2>/dev/null || true
	# Never across a mount: if one is left, its contents are not ours to delete.
	rm -rf --one-file-system "$dir"
	rmdir --ignore-fail-on-non-empty "$state_dir"
}
