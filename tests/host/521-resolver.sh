# a dead name server, Postfix not chrooted: it is named, the relays are not; resolv.conf corrected: one reload, the throughput is back
# shellcheck shell=bash
chroot=n
# shellcheck source=resolver.sh
. "$tests/resolver.sh"
