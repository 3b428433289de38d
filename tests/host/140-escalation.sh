# what cannot be healed calls people once, within its budget; a notify command that others can change is not run
# shellcheck shell=bash

pages() { inside sh -c 'cat /root/pages 2>/dev/null' || true; }
start_pager
fake_journalctl /root/host/journalctl
inside systemctl restart spoolguard
wait_until 30 answers
started=$SECONDS
fill
wait_event 150 escalated || fail "nobody was told"
figure "an ineffective vacuum: people called $((SECONDS - started)) s after the disk was full"
wait_event 10 notified status~exit
sleep 20
decisions
pages
state_is escalated || fail "the state is $(state)"
[ "$(count_events escalated)" -eq 1 ] || fail "escalated $(count_events escalated) times"
[ "$(pages | grep -c .)" -eq 1 ] || fail "not one page"
pages | grep -q /var/log || fail "the page does not say where"
vacuums=$(count_events action-intent verb=journal.vacuum)
[ "$vacuums" -ge 1 ] && [ "$vacuums" -le 4 ] || fail "$vacuums vacuums: beyond the budget"
[ "$(count_events escalated notify=begun)" -eq 1 ] || fail "the notify command was not begun"
inside journalctl -q --no-pager -o cat -u spoolguard -p crit | grep -q 'a person is needed' || fail "not in the journal as critical"
stop
inside umount /usr/bin/journalctl

# Nothing may act, so people are called at once: by a command that is no longer root's alone.
configure off.lua <<<'return { playbooks = { ["vacuum-journal"] = { mode = "off" }, ["free-ballast"] = { mode = "off" } } }'
refused() { # title, words of the line; the command has been prepared
	stop
	calm
	inside sh -c 'rm -rf /var/lib/spoolguard/* /root/pages; journalctl -q --vacuum-size=1M 2>/dev/null'
	start
	local since
	since=$(now)
	fill
	wait_event 20 notified status=refused || fail "$1: not refused"
	log_since "$since" | grep 'the notify command\|notify command' | say_nothing_twice | grep -E "$2" || fail "$1: does not say $2"
	sleep 1
	[ -z "$(pages)" ] || fail "$1: it was run"
}
inside chown stranger /usr/local/sbin/page-me
refused 'another owner' 'others than root'
inside chown root /usr/local/sbin/page-me
inside chmod 0777 /usr/local/sbin/page-me
refused 'writable by others' 'others than root'
inside chmod 0755 /usr/local/sbin/page-me
inside chmod 0777 /usr/local/sbin
refused 'its directory writable by others' 'others than root'
inside chmod 0755 /usr/local/sbin
inside mv /usr/local/sbin/page-me /root/page-me
refused 'not there' 'No such file'
inside mv /root/page-me /usr/local/sbin/page-me

# A relative path is refused where it is written.
configure pager.lua <<<'return { notify = { command = { "page-me" } } }'
since=$(now)
! reload 2>/dev/null || fail "a relative path was accepted"
log_since "$since" | grep 'pager.lua:1: .*absolute' | sort -u
log_since "$since" | grep 'pager.lua:1: .*absolute' | grep -v 'was refused:' | say_nothing_twice >/dev/null
