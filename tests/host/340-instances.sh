# a second Postfix appears beside the first: seen by its name, and what is done about it is done there only
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=queue.sh
. "$tests/queue.sh"

out=postfix-out
spool=/var/spool/$out

# As postmulti(1) makes them, with a port of its own and the scene's haste.
second_instance() {
	inside postmulti -e init
	inside postmulti -I "$out" -G mta -e create
	inside postconf -c "/etc/$out" -M '2600/inet=2600 inet n - y - - smtpd'
	put_text "/etc/$out/transport" <<<'other.test lmtp:[relay.out.test]'
	inside postmap "/etc/$out/transport"
	inside postconf -c "/etc/$out" -e "transport_maps = hash:/etc/$out/transport" 'master_service_disable = smtp/inet' 'inet_interfaces = loopback-only' 'myhostname = out.lab.test' \
		'defer_transports = lmtp' 'queue_run_delay = 5s' 'minimal_backoff_time = 5s' \
		'maximal_backoff_time = 5s' 'smtp_connect_timeout = 5s' 'smtp_tls_security_level = none' 'in_flow_delay = 0'
	inside postmulti -i "$out" -e enable
	inside systemctl daemon-reload
	inside systemctl start "postfix@$out"
}
send() { # PORT COUNT SENDER RECIPIENT
	inside smtp-source -s 10 -m "$2" -f "$3" -t "$4" "127.0.0.1:$1"
}
files_of() { inside find "$1" -type f -name '[0-9A-Za-z]*' -printf . | wc -c; }
instances() { inside spoolguardctl queue --json | python3 -c 'import json, sys; print(*sorted({row["instance"] for row in json.load(sys.stdin)["queues"]}))'; }
knows_both() { [ "$(instances)" = "- $out" ]; }
is_deferred() { [ "$(files_of "$spool/deferred")" -ge "$1" ]; }
# Each by its own main.cf, which Landlock has to leave open.
routes_are_of_each() {
	judge <<-'END'
		import sys
		from bus import NAME, ROOT, call
		seen = {(r[1]["instance"], r[1]["nexthop"]): r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0]
		        if r[0] == "queue_nexthop_messages" and r[1]["nexthop"] != "example.test"}
		print(seen)
		sys.exit(seen != {("-", "[other.test]:24"): 20, ("postfix-out", "[relay.out.test]:24"): 20})
	END
}
# As counts_are_true, for both.
counts_are_true_of_both() { # WHEN
	inside systemctl stop postfix@- "postfix@$out"
	wait_until 60 inside sh -c '! pgrep -x master'
	judge <<-'END' || fail "$1: the counts are wrong"
		import os, sys, time
		from bus import NAME, ROOT, call
		from spool import QUEUES
		def count(where):
		    return sum(name.isalnum() for _, _, names in os.walk(where) for name in names)
		for _ in range(40):
		    seen = {(r[1]["instance"], r[1]["queue"]): r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"}
		    real = {(instance, queue): count(f"/var/spool/{place}/{queue}")
		            for instance, place in (("-", "postfix"), ("postfix-out", "postfix-out")) for queue in QUEUES}
		    if seen == real:
		        break
		    time.sleep(0.5)
		print(real, "" if seen == real else f"but counted {seen}")
		sys.exit(seen != real)
	END
	inside systemctl start postfix@- "postfix@$out"
}
marked() { # SPOOL -> how many of its deferred messages have the mark of a lease
	inside find "$1/deferred" -type f -printf '%T+\n' | grep -cvE '\.0+$' || true
}
second_is_paused() { [ "$(marked "$spool")" -ge 150 ]; }
second_is_returned() { [ "$(marked "$spool")" -eq 0 ]; }
held_there() { [ "$(files_of "$spool/hold")" -eq "$1" ]; }
no_lease() { [ -z "$(leases id)" ]; }

night
hold_five
executor=$(executor_pid)
[ "$(instances)" = - ] || fail "not one instance: $(instances)"
second_instance
wait_until 60 knows_both || fail "the instance that came later was not found: $(instances)"
[ "$(executor_pid)" = "$executor" ] || fail "the service was started anew"

# The same kinds of mail in both, but much for the dead next hop in one only.
put_text /etc/postfix/transport <<<'other.test lmtp:'
inside postmap /etc/postfix/transport
inside postconf -e 'transport_maps = hash:/etc/postfix/transport' 'defer_transports = lmtp'
inside systemctl reload postfix@-
send 25 6 few@source.example to@example.test
send 25 20 news@list.example reader@other.test
send 2600 20 news@list.example reader@other.test
send 2600 3 admin@source.example to@other.test
wait_until 30 is_deferred 23
inside sh -c "grep -l admin@source.example -r $spool/deferred | xargs -n 1 basename | postsuper -c /etc/$out -h -" 2>/dev/null
[ "$(files_of "$spool/hold")" -eq 3 ] || fail "the admin's three are not on hold"
send 2600 200 many@source.example to@example.test
wait_until 60 routes_are_of_each || fail "the next hops are not those of each one's main.cf"
counts_are_true_of_both "two instances"
inside systemctl stop postfix@- "postfix@$out"
inside python3 /root/host/same_tables.py ours=--instance ours=- deferred hold || fail "the first one's table is not qshape's"
inside python3 /root/host/same_tables.py ours=--instance "ours=$out" qshape=-c "qshape=/etc/$out" deferred hold ||
	fail "the second one's table is not qshape's"
inside python3 /root/host/same_tables.py ours=-c "ours=/etc/$out" qshape=-c "qshape=/etc/$out" deferred hold ||
	fail "the table by its directory is not qshape's"
# Without ages, so that there is no moment between the two.
both=$(inside qshape -b 1 /var/spool/postfix/deferred "$spool/deferred" | sort)
[ "$(inside spoolguardctl qshape -b 1 deferred | sort)" = "$both" ] || fail "without a name it is not the sum of both: $both"
inside systemctl start postfix@- "postfix@$out"

# Seen from the start, too, by a watcher that is confined to what both need.
put_text /etc/spoolguard/playbooks/hold-list.lua <<'LUA'
return playbook {
  name    = "hold-list",
  summary = "Hold a list's mail of the second instance",
  on      = { any = "bounce-storm" },
  run = function()
    act("postfix.hold", { instance = "postfix-out", sender = "list.example" }, { until_clear = "next-hop-down_example.test" })
  end,
}
LUA
put_text /etc/spoolguard/playbooks/raise-lifetime.lua <<'LUA'
return playbook {
  name    = "raise-lifetime",
  summary = "Let the mail of the second instance live longer",
  on      = { any = "bounce-storm" },
  run = function()
    act("postfix.set", { instance = "postfix-out", settings = { "maximal_queue_lifetime = 28d" } },
      { until_clear = "next-hop-down_example.test" })
  end,
}
LUA
configure hurry.lua <<<'return { conditions = { ["log-volume-high"] = { trip = 4096, clear = 3072, lasting = "5s", clear_lasting = "5s" } } }'
inside mkdir -p /etc/systemd/system/spoolguard.service.d
put_text /etc/systemd/system/spoolguard.service.d/second.conf <<-END
	[Service]
	ReadWritePaths=-/etc/$out
END
inside systemctl daemon-reload
since=$(now)
inside systemctl restart spoolguard
wait_until 30 knows_both || fail "two instances at the start: $(instances)"
wait_until 30 routes_are_of_each || fail "the next hops are not those of each one's main.cf after a restart"
settle 240 paused
log_since "$since" | grep -i 'cannot be read' && fail "something is shut to the watcher"
inside spoolguardctl leases
[ "$(leases verb)" = postfix.postpone ] || fail "not one lease"
wait_until 60 second_is_paused || fail "$(marked "$spool") messages of the second instance are postponed"
[ "$(marked /var/spool/postfix)" -eq 0 ] || fail "messages of the first instance are postponed"

inside spoolguardctl run hold-list
wait_until 30 held_there 23 || fail "$(files_of "$spool/hold") are on hold, not the list's 20 and the admin's 3"
[ "$(messages_in hold)" -eq 5 ] || fail "messages of the first instance are on hold"
for lease in $(leases id); do
	inside spoolguardctl return "$lease"
done
wait_until 60 no_lease || fail "leases that were returned are still there"
held_there 3 || fail "$(files_of "$spool/hold") are on hold, not the admin's 3"
[ "$(messages_in hold)" -eq 5 ] || fail "the admin's messages of the first instance are not on hold any more"
wait_until 30 second_is_returned || fail "$(marked "$spool") messages are still postponed"
counts_are_true_of_both "after all"

# The second one is removed for good while a setting of it is changed: its lease ends by root's word.
inside spoolguardctl run raise-lifetime
lease=$(leases id)
[ "$(inside postconf -c "/etc/$out" -h maximal_queue_lifetime)" = 28d ] || fail "the lifetime was not raised"
finding() { inside spoolguardctl preflight --json | python3 -c 'import json, sys; print(*(r["level"] + ": " + r["text"] for r in json.load(sys.stdin) if r["name"] == "leftovers"))'; }
case $(finding) in "ok: "*) ;; *) fail "what is in use is called left over: $(finding)" ;; esac
# Of the same number, but it is not the first one's lease.
inside mkdir "/etc/postfix/main.cf.spoolguard-$lease"
case $(finding) in "warn: /etc/postfix/main.cf.spoolguard-$lease is left of"*) ;; *) fail "not named: $(finding)" ;; esac
inside rmdir "/etc/postfix/main.cf.spoolguard-$lease"
inside systemctl stop "postfix@$out"
inside postmulti -i "$out" -e disable
inside postconf -e 'multi_instance_directories ='
inside rm -r "/etc/$out"
refusal=$(inside spoolguardctl return "$lease" 2>&1) && fail "a lease ended that could not be taken back: $refusal"
case $refusal in *"spoolguardctl return --forget $lease"*) ;; *) fail "how to end it is not said: $refusal" ;; esac
inside runuser -u nobody -- spoolguardctl return --forget "$lease" --anyway && fail "anybody may have a lease forgotten"
[ "$(leases id)" = "$lease" ] || fail "the lease is over"
inside spoolguardctl return --forget "$lease" || fail "root may not have it forgotten"
wait_until 30 no_lease || fail "a lease that was forgotten is still there"
for event in lease-undo-failed lease-forgotten; do
	n=$(inside spoolguardctl log -n 4096 --json | grep -c "\"event\": *\"$event\"")
	[ "$n" -eq 1 ] || fail "$event is $n times on record"
done
inside mkdir "/etc/postfix/main.cf.spoolguard-$((lease + 1))"
case $(finding) in "warn: /etc/postfix/main.cf.spoolguard-$((lease + 1)) is left of"*) ;; *) fail "not named: $(finding)" ;; esac
inside rmdir "/etc/postfix/main.cf.spoolguard-$((lease + 1))"
both_alive || fail "not alive"
