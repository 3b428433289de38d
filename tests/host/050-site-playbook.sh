# a site's own ten lines act after a reload; a broken playbook is named with its line and stops nothing else
# shellcheck shell=bash

put_text /etc/spoolguard/playbooks/site-trim.lua <<'LUA'
return playbook {
  name    = "site-trim",
  summary = "Our own way to shrink the journal",
  on      = { any = "disk-space-critical" },
  after   = "free-ballast",
  run = function(incident)
    act("journal.vacuum", { keep = "8M" })
    return verify { clears = incident.condition, within = "1m" }
  end,
}
LUA
configure site.lua <<<'return { playbooks = { ["vacuum-journal"] = { mode = "off" } } }'
reload
wait_until 30 answers
fill
healed 30 || fail "not healed"
decisions
[ "$(count_events action-outcome playbook=site-trim verb=journal.vacuum status=done)" -eq 1 ] ||
	fail "it was not the site's playbook that acted"

# A broken one beside it, and then the good one edited to pieces.  The record goes, for its cool-downs; the
# configuration in force stays.
stop
calm
inside sh -c 'rm -f /var/lib/spoolguard/recorder; journalctl -q --vacuum-size=1M 2>/dev/null'
start
since=$(now)
put_text /etc/spoolguard/playbooks/broken.lua <<'LUA'
return playbook {
  name = "broken",
  on = { any = "disk-space-critical" ,
  run = function() end,
}
LUA
inside sed -i '7s/act(/act((/' /etc/spoolguard/playbooks/site-trim.lua
checked=$(inside spoolguardd --check) || fail "broken playbooks must not fail the check"
grep -qE 'broken.lua:[0-9]+' <<<"$checked" || fail "the check does not name them: $checked"
grep -q 'can be used, but for what is named above' <<<"$checked" || fail "the check calls it good: $checked"
reload || fail "broken playbooks must not fail the reload"
wait_until 30 answers
log_since "$since"
problems=$(property '' Manager Problems)
echo "Problems: $problems"
for file in broken.lua site-trim.lua; do
	log_since "$since" | grep -qE "$file:[0-9]+" || fail "the journal does not name $file and its line"
	grep -qE "$file:[0-9]+" <<<"$problems" || fail "Problems does not name $file and its line"
done
fill
healed 30 || fail "not healed with a broken playbook beside"
decisions
[ "$(count_events action-outcome playbook=site-trim verb=journal.vacuum status=done)" -eq 1 ] ||
	fail "the last good version of site-trim did not act"
[ "$(count_events run-begun playbook=broken)" -eq 0 ] || fail "the broken playbook ran"
