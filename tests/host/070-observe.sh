# in observe the executor decides the same and touches nothing: strace of the same incident
# shellcheck shell=bash

# Where nothing is changed nothing is enough, so that what comes after the vacuum is looked at, too; and who holds a
# deleted log is not ours to say.
alike() { decisions | grep -Ev ' (logs.drop_rotated|drop-rotated-logs|logs.trim|trim-logs)( |$)' | sed 's/^\(denied logs.reopen\) .*/\1/'; }

spy() {
	inside systemd-run -q --unit=spy strace -f -y -s 200 -o /root/trace -p "$(executor_pid)" \
		-e trace=process,file,desc,network,signal
	sleep 1
}

# What happens in enforce; the judge of the traces must see that something was touched.
spy
fill
healed 30
inside systemctl stop spy
enforced=$(alike)
! inside python3 /root/host/touches.py /root/trace >/tmp/touches.$$ || fail "in enforce nothing was touched?"
grep -c ^TOUCHES: /tmp/touches.$$
rm -f /tmp/touches.$$

stop
calm
inside sh -c 'rm -rf /var/lib/spoolguard/* /run/spoolguard/recorder; journalctl -q --vacuum-size=1M 2>/dev/null'
configure mode.lua <<<'return { mode = "observe" }'
start
[ "$(property '' Manager Mode)" = observe ] || fail "not in observe"
spy
fill
wait_event 20 action-would-have verb=journal.vacuum
# By hand what it would have done, so that the incident goes the same way to its end.
inside sh -c 'journalctl -q --rotate --vacuum-size=8M 2>/dev/null'
healed 30
inside systemctl stop spy
observed=$(alike)
diff <(echo "$enforced") <(echo "$observed") || fail "other decisions than in enforce"
echo "$observed"
[ "$(count_events action-intent)" -eq "$(count_events action-intent risk=probe)" ] || fail "an intent in observe"
inside python3 /root/host/touches.py /root/trace || fail "the executor touched something"
figure "$(inside wc -l </dev/null /root/trace | cut -d' ' -f1) traced calls, none touched anything; $(wc -l <<<"$observed") decisions the same"
inside rm -f /root/trace
