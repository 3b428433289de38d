# who is to blame where all mail goes by relays of this host's own: default_transport's, the first of two, both; by sender nobody
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"

# relay.test itself is never asked, as where a provider lets nothing out to port 25.
dies() { outside lose 25 "$@"; }
names() { [[ $(events incident-note kind=diagnosis) == *"$1"* ]] || blamed=$((blamed + 1)); }

outage_night
inside postconf -e 'default_transport = smtp:[198.51.100.35]'
blame_or_note relay-dead relay.test 'the relay of default_transport dead' dies 35
names 'no address of [198.51.100.35] speaks SMTP'
inside postconf -X default_transport
inside postconf -e 'relayhost = [198.51.100.25], [198.51.100.35]'
blame_or_note relay-degraded relay.test 'the first of two relays dead' dies
names 'mail goes by 198.51.100.35'
blame_or_note relay-dead relay.test 'both relays dead' dies 35
names '198.51.100.25 connection timed out, 198.51.100.35 connection timed out'
inside sh -c 'echo "@relay.lab.test [198.51.100.35]" >/etc/postfix/by_sender && postmap /etc/postfix/by_sender'
inside postconf -e 'relayhost =' 'sender_dependent_relayhost_maps = hash:/etc/postfix/by_sender'
blame_or_note nothing relay.test 'the relay of this sender dead, which is not known' dies 35
[ "$(state)" = degraded ] || fail "nobody says that next hops are not known: $(state)"
[ "$blamed" -eq 0 ] || fail "$blamed of them got the wrong one, or none"
