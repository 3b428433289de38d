# queue.sh - what the tests of the queue have in common: spools of all sorts, and what they are held to
#
# Sourced by 2NN and 3NN tests after nights.sh.
# shellcheck shell=bash

# The generator of tests/support, inside as /root/make_spool.
put_make_spool() {
	local built
	built=$(mktemp -d)
	gcc -std=gnu17 -O2 -D_GNU_SOURCE -I"$source_tree/tests" -I"$source_tree/plugins" -I"$source_tree/include" \
		-o "$built/make_spool" "$source_tree"/tests/support/{make_spool,spool}.c \
		"$source_tree/plugins/postfix/queue_id.c"
	"$lab" put "$name" "$built/make_spool" /root/make_spool
	rm -rf "$built"
}
make_spool() { # OPTION... of make_spool
	inside setpriv --reuid=postfix --regid=postfix --clear-groups /root/make_spool "$@"
}
# Bounces that nobody takes, to example.test.  Few of them fit into the active queue at a time and each attempt
# takes long, so that many are in the way of other mail.  hold-flood may act.
forgers_target() {
	inside postconf -e 'local_recipient_maps =' 'smtp_connect_timeout = 20s' 'qmgr_message_active_limit = 200'
	inside systemctl restart postfix@-
	configure flood.lua <<-'EOF'
		return {
		  playbooks = { ["hold-flood"] = { mode = "enforce" } },
		  conditions = {
		    ["queue-large"] = { trip = 150, clear = 75, lasting = "5s", clear_lasting = "5s" },
		    ["bounce-storm"] = { lasting = "5s", clear_lasting = "10s" },
		  },
		}
	EOF
	reload
}
guess() { inside python3 /root/host/guess.py /root/guess.list "$1"; }
lease_of_hold() { [ "$(leases verb)" = postfix.hold ] && [ "$(leases state)" = in-force ]; }
