# bus - what spoolguard says of itself, read with busctl: the demo trusts nothing else
import json
import subprocess

NAME = "org.spoolguard1"
ROOT = "/org/spoolguard1"


def call(*arguments):
    command = ["busctl", "--system", "--json=short", "call", NAME, *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["data"]


def plain(value):
    """Variants without their type marks."""
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plain(value["data"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def objects(interface):
    """(path, properties) of every object that has the interface of that name."""
    managed = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
    found = [
        (path, plain(interfaces[f"{NAME}.{interface}"]))
        for path, interfaces in managed.items()
        if f"{NAME}.{interface}" in interfaces
    ]
    # incident/10 comes after incident/9.
    return sorted(found, key=lambda item: (len(item[0]), item[0]))


def manager(name):
    command = ["busctl", "--system", "--json=short", "get-property", NAME, ROOT, f"{NAME}.Manager", name]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["data"]
