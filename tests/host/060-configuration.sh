# a bad configuration fails the reload with one clear line, and what was in force stays in force
# shellcheck shell=bash

level() { property condition/disk_2dspace_2dhigh_5f_2fvar_2flog Condition TripLevel; }
level_is() { [ "$(level)" = "$1" ]; }
configure 10-site.lua <<<'return { conditions = { ["disk-space-high"] = { trip = 0.83 } } }'
reload
wait_until 30 level_is 0.83 || fail "the good configuration is not in force"

# Lines about bad.lua that systemctl reload left in the journal since $1.
complaints() { log_since "$1" | grep -F bad.lua | grep -v 'the configuration was refused:'; }
refused() { # title, what the line must contain; the file on standard input
	local since lines
	configure 20-bad.lua
	since=$(now)
	! reload || fail "$1: the reload was accepted"
	lines=$(complaints "$since") || { log_since "$since"; fail "$1: no line in the journal"; }
	echo "$1: $lines"
	[ "$(wc -l <<<"$lines")" -eq 1 ] || fail "$1: not one line: $lines"
	grep -qE "bad\.lua(:[0-9]+)?: " <<<"$lines" || fail "$1: no FILE:LINE"
	grep -qiE "$2" <<<"$lines" || fail "$1: says nothing of $2"
	level_is 0.83 || fail "$1: the old configuration is not in force: $(level)"
	both_alive || fail "$1: something died"
}
refused 'a typo in a key' 'bad.lua:1: .*trip' <<<'return { conditions = { ["disk-space-high"] = { tripp = 0.9 } } }'
refused 'a typo in a section' 'bad.lua:1: .*conditions' <<<'return { conditionz = {} }'
refused 'a wrong type' 'bad.lua:2: ' <<<'return { conditions = { ["disk-space-high"] = {
  trip = "rather full" } } }'
refused 'an impossible value' 'bad.lua:1: .*1\.5' <<<'return { conditions = { ["disk-space-high"] = { trip = 1.5 } } }'
refused 'clear above trip' 'bad.lua:1: .*clear' <<<'return { conditions = { ["disk-space-high"] = { trip = 0.8, clear = 0.9 } } }'
refused 'not a table' 'table' <<<'return 7'
refused 'a syntax error' 'bad.lua:2: ' <<<'return {
  mode = = "enforce",
}'
refused 'an endless loop' 'bad.lua:1: ' <<<'while true do end return {}'
refused 'a string of 100 MB' 'bad.lua:1: .*memory' <<<'local s = "0123456789" while #s < 100000000 do s = s .. s end return { mode = s }'
inside rm -f /etc/spoolguard/conf.d/20-bad.lua
inside sh -c 'echo "return {}" >/etc/spoolguard/conf.d/20-bad.lua; chmod 0000 /etc/spoolguard/conf.d/20-bad.lua'
since=$(now)
if reload; then
	echo 'a file of mode 0000 is readable for root, who loads it'
else
	complaints "$since" | grep -i 'permission denied' || fail "unreadable file: no clear line"
fi
inside rm -f /etc/spoolguard/conf.d/20-bad.lua
inside mkdir /etc/spoolguard/conf.d/20-bad.lua
since=$(now)
! reload || fail "a directory is no configuration, but the reload was accepted"
complaints "$since" | say_nothing_twice
inside rmdir /etc/spoolguard/conf.d/20-bad.lua
reload
wait_until 30 level_is 0.83 || fail "not recovered"

# At a start the last good one runs, and everybody is told.
configure 20-bad.lua <<<'return { mode = 7 }'
since=$(now)
inside systemctl restart spoolguard
wait_until 30 level_is 0.83 || fail "the last good configuration does not run"
state_is degraded || fail "the state is $(state), not degraded"
property '' Manager StateText
property '' Manager StateText | grep -q 'last good' || fail "StateText does not say so"
log_since "$since" | grep -F 'bad.lua' || fail "the journal does not say why"
[ "$(count_events config-refused text~bad.lua)" -ge 1 ] || fail "not in the record"
fill
healed 30 || fail "with the last good configuration nothing heals"

# Nothing at all is a configuration too.
inside sh -c 'rm -rf /etc/spoolguard/spoolguard.lua /etc/spoolguard/conf.d /etc/spoolguard/playbooks'
inside systemctl restart spoolguard
wait_until 30 level_is 0.85 || fail "without any file the defaults are not in force"
! state_is degraded || fail "no file is not an error: $(property '' Manager StateText)"
inside sh -c 'rm -rf /etc/spoolguard'
reload || fail "no /etc/spoolguard: the reload fails"
inside install -d -m 0755 /etc/spoolguard
