# a spool's file system is not mounted: what lies below the mount point is not its queue, however long it takes
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"

spool=/var/spool/postfix

is_degraded() { state_is degraded; }
is_told() { property '' Manager StateText | grep -F "$spool is to be on a file system that is not mounted (var-spool-postfix.mount)"; }

roomy_night
hold_five
put_text /etc/systemd/system/var-spool-postfix.mount <<<"[Mount]
What=/dev/disk/by-label/spool
Where=$spool"
stop_postfix
has_counts || fail "there are no counts of a spool that is mounted"
inside sh -c "mkdir /root/spool && mount --bind $spool /root/spool && umount -l $spool"
# As the package made it, and a message that a Postfix was given which was started without its disk.
inside sh -c "[ -d $spool/incoming ] || cp -a /root/spool/. $spool"
inside cp -a /root/spool/hold/. "$spool/hold"
# Nothing tells that a file system is gone: it is seen at the next census, ten seconds apart while nothing happens.
wait_until 30 no_counts || fail "a spool that is not mounted has counts"
watcher=$(watcher_pid)
wait_until 30 is_told || fail "it is not said why: $(property '' Manager StateText)"
# By then a new watcher may read what it finds there.
for _ in $(seq 60); do
	sleep 1
	! has_counts || fail "what lies below the mount point is counted"
done
[ "$(watcher_pid)" != "$watcher" ] || figure "the watcher was not started anew"
is_degraded || fail "it is $(state): $(inside spoolguardctl incidents; events_of_the_night)"

inside mount --bind /root/spool "$spool"
wait_until 90 has_counts || fail "a spool that is mounted again is not seen"
counts_are_true "mounted again"
wait_until 30 state_is ok || fail "it is $(state): $(property '' Manager StateText)"
both_alive || fail "not alive"
! events_of_the_night | grep -F '"verb": "postfix.' || fail "something was done to mail"
