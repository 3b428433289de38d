# lab.d/common.sh - paths, messages and the outer host's tools, for packaging/lab
# shellcheck shell=bash disable=SC2034

prog=$(basename "$0")
cache_dir=/var/cache/spoolguard-lab
state_dir=/var/lib/spoolguard-lab

# From the range set aside for documentation: no real host ever has it.
lab_address=192.0.2.10

# Messages go to stderr: functions here hand paths to each other on stdout.
say() { printf '%s: %s\n' "$prog" "$*" >&2; }
warn() { printf '%s: %s\n' "$prog" "$*" >&2; }
die() { printf '%s: %s\n' "$prog" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s (see %s help)\n' "$prog" "$*" "$prog" >&2; exit 2; }

need_value() { [ $# -ge 2 ] || usage_error "$1 needs a value"; }

need_root() { [ "$(id -u)" -eq 0 ] || die "needs root: it mounts, boots and enters containers"; }

# The name becomes a directory, a cgroup and a host name.
check_name() {
	[ -n "$1" ] || usage_error "a NAME is needed"
	[[ $1 =~ ^[a-z][a-z0-9-]{0,30}$ ]] ||
		usage_error "'$1' is no name for a lab: small letters, digits and '-', at most 31"
}

# Installs what is missing and nothing else, without recommended packages: on a
# host that has a mail server a recommended one could replace it.
need_packages() {
	local missing=() package
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	{
		apt-get -qq update
		DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 \
			--no-install-recommends --no-remove install "${missing[@]}"
	} >&2 </dev/null || die "apt could not install ${missing[*]}"
}

need_outer_tools() {
	need_packages debootstrap systemd-container e2fsprogs mount util-linux git
}
