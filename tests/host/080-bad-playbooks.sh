# playbooks gone wrong are ended, recorded and put into quarantine, and the vacuum heals in the same incident
# shellcheck shell=bash

gone() { # name, the body of run
	put_text "/etc/spoolguard/playbooks/$1.lua" <<LUA
return playbook {
  name = "$1", summary = "gone wrong", on = { any = "disk-space-critical" },
  run = function()
    $2
  end,
}
LUA
}
gone a-hang 'local _ = string.rep("a", 40):find(string.rep("a-", 40) .. "b")'
gone a-hog 'local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 1000000) .. i end'
gone a-loop 'while true do end'
gone a-nil 'error(nil)'
gone a-table 'error({ code = 7 })'
reload
wait_until 30 answers
executor=$(executor_pid)
fill
# The hang costs two watchers their lives, of ten silent seconds each.
healed 90 || fail "not healed"
events | grep -E 'broken|quarantined|watcher-restarted|run-ended|outcome' || true
[ "$(count_events incident-opened)" -eq 1 ] || fail "not one incident"
[ "$(count_events action-outcome verb=journal.vacuum status=done)" -eq 1 ] || fail "not one vacuum"
for playbook in a-hog a-loop a-nil a-table; do
	[ "$(count_events playbook-broken playbook=$playbook)" -ge 1 ] || fail "$playbook: not recorded as broken"
	[ "$(count_events run-ended playbook=$playbook)" -ge 1 ] || fail "$playbook: its run did not end"
done
[ "$(count_events watcher-restarted activity=lua what=a-hang)" -eq 2 ] || fail "a-hang: not two dead watchers"
[ "$(count_events quarantined playbook=a-hang)" -eq 1 ] || fail "a-hang: no quarantine"
[ "$(property playbook/a_2dhang Playbook State)" = quarantined ] || fail "a-hang: not quarantined on the bus"
[ "$(executor_pid)" = "$executor" ] || fail "the executor was restarted"
# It stays so over a restart, until its file changes.
inside systemctl restart spoolguard
wait_until 30 answers
[ "$(property playbook/a_2dhang Playbook State)" = quarantined ] || fail "the restart ended the quarantine"
gone a-hang 'return false'
reload
wait_event 10 unquarantined playbook=a-hang || fail "the mended file is still in quarantine"
