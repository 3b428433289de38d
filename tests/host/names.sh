# names.sh - incident 2: mail is slow because resolv.conf names a server that does not answer
#
# Sourced by 52N tests after outage.sh.  The first name server dies; hours later somebody takes it out of resolv.conf,
# and no more than that: running smtp processes never read it again, and on Debian they have a copy of their own.
# shellcheck shell=bash

stream_rate=20

# Both copies are there, and as they are after an installation.
slow_night() { # y|n: are Postfix's services chrooted
	outage_night
	if [ "$1" = n ]; then
		inside postconf -F 'smtp/unix/chroot=n' 'relay/unix/chroot=n' 'smtp/inet/chroot=n'
	fi
	# Postfix's own retries of the two are not our doing, and come later.
	inside postconf -e 'minimal_backoff_time = 1h' 'maximal_backoff_time = 2h'
	# Postfix has to have read all that: what it has not read yet is never put in force by a reload of ours.
	inside systemctl restart postfix@-
	outside names 53 54
	does 35 'breaks 2'
	inject /root/risk.list flow.test R 2
	wait_until 60 inside sh -c '[ "$(grep -c "sent more than once" /var/log/mail.log)" -ge 2 ]' ||
		fail "the two messages are not there that may be sent more than once"
	inside rm -f /root/outside/198.51.100.35.does
	stream stream-mail /root/mail.list relay.test S "$stream_rate"
	sleep 5
	before=$(rate 25 10)
	outside lose 53
}
# No tool and no package knows of it: an editor.
correct_file() { inside sh -c 'echo "nameserver 198.51.100.54" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf'; }
copy_is_new() { inside cmp -s /etc/resolv.conf /var/spool/postfix/etc/resolv.conf; }
qmgr_pid() { inside pgrep -x qmgr; }
# Postfix logs every attempt, also one that gets no connection; nothing else is sent to flow.test here.
tried_once() {
	[ "$(inside sh -c 'grep -c " to=<user[0-9]*@flow.test>.* status=" /var/log/mail.log')" -eq 2 ]
}
