# the package starts an enabled service whose objects are on the bus as its XML says
# shellcheck shell=bash
#
# Introspection is compared structurally with the installed XML: interfaces, members, signatures, directions,
# access and annotations; comments and order of files aside.

[ "$(inside systemctl is-enabled spoolguard)" = enabled ] || fail "not enabled"
[ "$(inside systemctl is-active spoolguard)" = active ] || fail "not active"
inside systemctl show -p Type,NotifyAccess,WatchdogUSec spoolguard
[ "$(inside systemctl show -p NotifyAccess --value spoolguard)" = main ] || fail "NotifyAccess is not main"

inside busctl tree org.spoolguard1
for branch in condition playbook; do
	inside busctl tree --list org.spoolguard1 | grep -q "^/org/spoolguard1/$branch/" || fail "no $branch objects"
done

compare=$(mktemp)
cat >"$compare" <<'PYTHON'
import glob
import subprocess
import sys
import xml.etree.ElementTree as tree


def shape(element):
    """A node of the interface as nested tuples, sorted, without comments."""
    children = sorted((shape(child) for child in element if isinstance(child.tag, str) and child.tag != "node"), key=str)
    # A description is for readers, not part of the contract.
    children = [child for child in children if "Description" not in dict(child[1]).get("name", "")]
    arguments = element.tag == "arg"
    attributes = sorted((k, v) for k, v in element.attrib.items() if not (arguments and k == "direction" and v == "in"))
    ordered = [shape(child) for child in element if child.tag == "arg"]
    return (element.tag, tuple(attributes), tuple(map(str, ordered)), tuple(map(str, children)))


wanted = {}
for path in glob.glob("/usr/share/dbus-1/interfaces/org.spoolguard1*.xml"):
    for interface in tree.parse(path).getroot().iter("interface"):
        wanted[interface.get("name")] = shape(interface)

names = subprocess.run(["busctl", "tree", "--list", "org.spoolguard1"], check=True, capture_output=True, text=True)
seen = {}
for path in names.stdout.split():
    if not path.startswith("/org/spoolguard1"):
        continue
    text = subprocess.run(["busctl", "call", "--json=short", "org.spoolguard1", path,
                           "org.freedesktop.DBus.Introspectable", "Introspect"],
                          check=True, capture_output=True, text=True).stdout
    import json
    for interface in tree.fromstring(json.loads(text)["data"][0]).iter("interface"):
        name = interface.get("name")
        if name.startswith("org.spoolguard1"):
            seen[name] = shape(interface)
bad = [name for name in seen if seen[name] != wanted.get(name)]
for name in bad:
    print("live:", seen[name], "\nXML: ", wanted.get(name))
print(len(seen), "interfaces seen live,", len(wanted), "in XML:", " ".join(sorted(seen)))
sys.exit(1 if bad or len(seen) < 4 else 0)
PYTHON
"$lab" put "$name" "$compare" /root/compare.py
rm -f "$compare"
inside python3 /root/compare.py || fail "introspection differs from the installed XML"
inside sh -c 'busctl introspect org.spoolguard1 /org/spoolguard1 org.spoolguard1.Manager'
