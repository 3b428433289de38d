# who is to blame: a relay dead, refusing in its greeting or each recipient, three of four addresses dead, the link down: the right one is named within 30 s
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"


outage_night
blame_or_note relay-dead relay.test 'relay dead' outside lose 25
blame_or_note relay-refuses relay.test 'relay answers 421 to the connection' does 25 'greet 421 4.3.2 too busy'
blame_or_note relay-refuses relay.test 'relay answers 451 to each recipient' does 25 'rcpt 451 4.3.0 try later'
blame_or_note relay-degraded four.test 'three of four addresses dead' outside lose 41 42 43
blame_or_note link relay.test 'the link down' outside link down
[ "$blamed" -eq 0 ] || fail "$blamed of them got the wrong one, or none"
