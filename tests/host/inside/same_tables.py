#!/usr/bin/python3
# same_tables - is spoolguardctl's table that of qshape?  The same lines, in whatever order; exit 1 when not
#
#   same_tables NAME=VALUE... QUEUE...
#
# NAME=VALUE are arguments of one tool only: qshape=-c qshape=DIR, ours=--instance ours=NAME.  Age moves mail from
# column to column between the two calls, so a difference is looked at again.
import collections
import itertools
import subprocess
import sys
import time

OPTIONS = ("", "-s", "-b 5", "-t 1", "-l", "-l -t 60", "-p", "-p -m 1", "-p -m 2 -s", "-b 16 -t 1 -w 200", "-s -l -b 4", "-w 120")
TRIES = 4

arguments = {"qshape": [], "ours": []}
queues = []
for argument in sys.argv[1:]:
    name, equals, value = argument.partition("=")
    (arguments[name] if equals else queues).append(value if equals else argument)
combinations = [[queue] for queue in queues] + ([queues] if len(queues) > 1 else [])


def table(tool, options, where):
    done = subprocess.run([*tool, *options.split(), *where], capture_output=True, check=True)
    return collections.Counter(done.stdout.splitlines())


def compare(options, where):
    for _ in range(TRIES):
        theirs = table(["qshape", *arguments["qshape"]], options, where)
        ours = table(["spoolguardctl", "qshape", *arguments["ours"]], options, where)
        if ours == theirs:
            return True, sum(theirs.values())
        time.sleep(1.5)
    print(f"qshape {options} {' '.join(where)}:")
    for line in (theirs - ours).elements():
        print("  theirs", line.decode(errors="replace"))
    for line in (ours - theirs).elements():
        print("  ours  ", line.decode(errors="replace"))
    return False, 0


results = [compare(*case) for case in itertools.product(OPTIONS, combinations)]
print(f"{len(results)} tables, {sum(lines for _, lines in results)} lines, {sum(not same for same, _ in results)} differ")
sys.exit(not all(same for same, _ in results) or any(lines < 3 for same, lines in results if same))
