# lab.d/base.sh - the cached base image that every lab is laid over
#
# The image is a plain directory, made once by debootstrap and never written
# again: instances put an overlay over it.  Its name carries a hash of everything
# that decides its contents, so a change below makes a new image and an old one is
# never taken for it.  It is built under another name and renamed when complete;
# what an interrupted build left is removed by the next one, which knows by the
# lock that nobody works on it.
# shellcheck shell=bash

base_suite=bookworm

# The run-time libraries of spoolguard are here so that its package installs with
# no network.  python3 in full because the small variant has neither json nor
# asyncio, which the mail sinks and bus checks of the tests use; perl because
# Postfix's qshape, which ours is held to, wants its modules.
base_packages=(
	systemd systemd-sysv dbus adduser
	postfix rsyslog logrotate dnsmasq nftables iproute2
	procps strace util-linux bsdextrautils less zstd xz-utils
	libsystemd0 libdbus-1-3 liblua5.4-0 libseccomp2 libcap-ng0 libjansson4 libncursesw6
	python3 perl
)

# Runs in the new image, before it is renamed; $1 is its root.
base_configure() {
	local root=$1 unit

	# No package source: nothing in a lab may wait for a network that is not there.
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb
	rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
	: >"$root/etc/machine-id"
	: >"$root/etc/fstab"

	# Its own name server, on loopback; no other is asked.
	rm -f "$root/etc/resolv.conf"
	echo 'nameserver 127.0.0.1' >"$root/etc/resolv.conf"
	cat >"$root/etc/dnsmasq.d/lab.conf" <<-'END'
		no-resolv
		no-hosts
		listen-address=127.0.0.1
		bind-interfaces
		local=/test/
		host-record=relay.lab.test,192.0.2.10
		mx-host=lab.test,relay.lab.test,10
	END
	# dnsmasq's start script hands resolv.conf to a tool we do not have.
	echo 'DNSMASQ_EXCEPT="lo"' >>"$root/etc/default/dnsmasq"

	# Postfix configured where no address exists leaves inet_protocols empty and
	# then does not start.
	chroot "$root" postconf -e \
		'inet_protocols = ipv4' 'inet_interfaces = all' \
		'myhostname = relay.lab.test' 'myorigin = $myhostname' \
		'mydestination = $myhostname, localhost' 'relayhost =' \
		'mynetworks = 127.0.0.0/8 192.0.2.0/24'
	echo relay.lab.test >"$root/etc/mailname"

	# Persistent journal; rsyslog without the kernel log, which a container has not.
	chroot "$root" install -d -m 2755 -g systemd-journal /var/log/journal
	sed -i 's/^module(load="imklog"/#&/' "$root/etc/rsyslog.conf"

	# An address beside loopback, so that Postfix has an outside to listen on.  A
	# kernel without dummy devices gets it on lo.
	cat >"$root/etc/systemd/system/lab-network.service" <<-'END'
		[Unit]
		Description=Address of the lab
		DefaultDependencies=no
		After=systemd-tmpfiles-setup.service
		Before=network-pre.target network.target postfix.service postfix@-.service dnsmasq.service
		Wants=network-pre.target

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'dev=lo; if ip link add lab0 type dummy 2>/dev/null; then dev=lab0; fi; ip link set lo up; ip link set $$dev up; ip address replace 192.0.2.10/24 dev $$dev'

		[Install]
		WantedBy=sysinit.target
	END
	chroot "$root" systemctl -q enable lab-network.service

	# What cannot work or would disturb a measurement: consoles nobody reads, jobs
	# that wake up and look for the network.
	for unit in console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer \
		dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
		systemd-networkd.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done

	rm -rf "$root"/var/log/*.log "$root"/var/log/apt "$root/var/log/bootstrap.log"
}

# The Debian mirror the outer host itself uses, or the public one.
base_mirror() {
	local mirror
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' \
		'Created-By: Packages' 'Label: Debian' 2>/dev/null |
		awk '$2 == "main" && /debian\/? / { print $1; exit }') || true
	echo "${mirror:-http://deb.debian.org/debian}"
}

base_name() {
	echo "base-$({ echo "$base_suite ${base_packages[*]}"; declare -f base_configure; } |
		sha256sum | cut -c1-16)"
}

# Held until the process ends; taken once however often it is asked for.
base_lock() {
	mkdir -p "$cache_dir"
	exec {base_lock_fd}>"$cache_dir/lock"
	flock "$base_lock_fd"
}

# Prints the path of a complete image, making it first if need be.
base_ensure() {
	local base
	base=$cache_dir/$(base_name)
	if [ ! -d "$base" ]; then
		base_lock
		[ -d "$base" ] || base_build "$base"
		exec {base_lock_fd}>&-
	fi
	touch "$base"
	echo "$base"
}

base_build() {
	local base=$1 work mirror started=$SECONDS
	rm -rf --one-file-system "$cache_dir"/building.*
	work=$cache_dir/building.$$
	mirror=$(base_mirror)
	mkdir -p "$cache_dir/archives" "$work"
	say "making the base image (once; one to three minutes)"

	# In its own mount and process namespaces: whatever ends the build also ends
	# all it started and takes away what it mounted.
	if ! unshare --mount --pid --fork --kill-child --propagation private \
		debootstrap --variant=minbase --cache-dir="$cache_dir/archives" \
		--include="$(IFS=,; echo "${base_packages[*]}")" \
		"$base_suite" "$work" "$mirror" >"$cache_dir/build.log" 2>&1 </dev/null; then
		tail -n 5 "$cache_dir/build.log" >&2
		die "debootstrap failed; all of it in $cache_dir/build.log"
	fi
	# Not `|| die`: that would switch off the stop at the first failing line in it.
	trap 'warn "configuring the base image failed; see $cache_dir/build.log"' EXIT
	base_configure "$work" >>"$cache_dir/build.log" 2>&1 </dev/null
	trap - EXIT
	sync -f "$work"
	mv "$work" "$base"
	base_prune "$base"
	say "base image made in $((SECONDS - started)) s"
}

# Images of other versions of this script go when nobody asked for them in a week,
# so that two checkouts do not delete each other's, and no instance stands on them.
base_prune() {
	local keep=$1 old
	find "$cache_dir" -maxdepth 1 -name 'base-*' ! -path "$keep" -mtime +7 |
		while IFS= read -r old; do
			grep -qsxF "$old" "$state_dir"/*/base || rm -rf --one-file-system "$old"
		done
}
