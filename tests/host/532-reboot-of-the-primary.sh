# the twin of the long outage: a primary that is away for some minutes, a lifetime of five days: nothing is changed
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"

outage_night
# As soon as in the outage itself: only what is counted may keep anything from being done.
configure long.lua <<-'EOF'
	return {
	  back_by = "Mon 08:00",
	  playbooks = { ["extend-lifetime"] = { mode = "enforce" } },
	  conditions = { ["bounce-cliff"] = { trip = 50, clear = 25, lasting = "5s", clear_lasting = "5s" } },
	}
EOF
start
before=$(inside postconf -n)
outside lose 25
inject /root/mail.list relay.test S 100
sleep "${TWIN_SECONDS:-150}"
outside find 25
[ "$(count_events action-intent verb~postfix.)" -eq 0 ] || fail "something was done: $(events action-intent verb~postfix.)"
[ "$(inside postconf -n)" = "$before" ] || fail "main.cf was changed"
figure "$(diagnosis)"
