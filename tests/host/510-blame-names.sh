# who is to blame: each of three name servers dead, one slow, one packet in fifty lost, nothing wrong: the right one is named within 30 s
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"

outage_night
outside names 53 54 55
blame_or_note nothing relay.test 'nothing wrong' true
blame_or_note name-server relay.test 'first name server dead' outside lose 53
blame_or_note name-server relay.test 'second name server dead' outside lose 54
blame_or_note name-server relay.test 'third name server dead' outside lose 55
blame_or_note nothing relay.test 'one packet in fifty to the first name server lost' outside drop 53 50
lost=$(outside dropped)
figure "of these, $lost packets were lost"
[ "$lost" -gt 0 ] || fail "no packet was lost"
outside names 56 54
blame_or_note name-server-slow relay.test 'first name server slow by 2 s' outside slow 2
[ "$blamed" -eq 0 ] || fail "$blamed of them got the wrong one, or none"
