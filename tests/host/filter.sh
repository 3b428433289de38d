# filter.sh - incident 4: mail passes a content filter with two processes and comes back
#
# Sourced by 54N tests after outage.sh.  lab.example is this host's own domain: its mailboxes are at 198.51.100.25.
# shellcheck shell=bash

# On a busy machine a wave that passes twice writes log at a pace that would fill 256 MB within the hour.  That is
# honestly said, and not what these nights are about: a log disk as relays have it.
log_size=4G

filter_night() {
	outage_night
	put_text /etc/systemd/system/filter.service <<-'EOF'
		[Service]
		ExecStart=python3 /root/host/filter.py
		TimeoutStopSec=2
	EOF
	inside systemctl daemon-reload
	inside systemctl start filter
	inside postconf -e 'content_filter = scan:[127.0.0.1]:10024' 'local_recipient_maps =' \
		'local_transport = smtp:[198.51.100.25]' 'mydestination = $myhostname, localhost, lab.example'
	inside postconf -M 'scan/unix=scan unix - - n - 2 smtp' \
		'127.0.0.1:10025/inet=127.0.0.1:10025 inet n - n - - smtpd'
	inside postconf -P '127.0.0.1:10025/inet/content_filter=' '127.0.0.1:10025/inet/mynetworks=127.0.0.0/8'
	inside systemctl restart postfix@-
}
filter_may_be_restarted() {
	configure filter.lua <<-'EOF'
		return {
		  plugins = { service = { units = { "filter.service" } } },
		  playbooks = { ["restart-filter"] = { mode = "enforce", options = { unit = "filter.service" } } },
		}
	EOF
}
# A command of the site instead, and how patient the playbook is with it.
remedy_is() { # COMMAND SECONDS
	configure filter.lua <<-EOF
		return {
		  plugins = { command = { commands = { "remedy: $1" } } },
		  playbooks = { ["restart-filter"] = { mode = "enforce", options = { command = "remedy", patience = $2 } } },
		  conditions = { ["filter-stuck"] = { trip = 60, clear = 30 } },
		}
	EOF
}
get_stuck() { inside systemctl kill -s USR1 filter; }
get_slow() { inside systemctl kill -s USR2 filter; }
# The wave: most of it for this host's own domain.
wave() {
	inject /root/own.list lab.example W 1324
	inject /root/other.list relay.test V 22
}
# Nobody's mail is held, not even for a while, and whatever is the remedy, it is run once.
once_and_nothing_held() { # VERB
	[ "$(messages_in hold)" -eq 0 ] || fail "$(messages_in hold) messages are held"
	[ "$(count_events action-intent verb~postfix.hold)" -eq 0 ] || fail "mail was held: $(events action-intent verb~postfix.hold)"
	[ "$(count_events action-intent "verb=$1")" -eq 1 ] || fail "the remedy was not run once: $(events action-intent "verb=$1")"
}
own_delivered() { inside sh -c 'grep -c " W" /root/outside/taken || true'; }
