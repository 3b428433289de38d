#!/usr/bin/python3
# touches - what in an strace -f -y of the executor is a change outside of its own state; exit 1 if there is one
import re
import sys

OWN = ("/var/lib/spoolguard", "/run/spoolguard", "/memfd:", "/dev/null", "/proc/self/", "/proc/")
CHANGES = ("unlink", "unlinkat", "rename", "renameat", "renameat2", "utimensat", "utime", "utimes", "futimesat",
           "truncate", "ftruncate", "fallocate", "mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink", "symlinkat",
           "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "setxattr", "fsetxattr",
           "mount", "umount2", "mknod", "mknodat", "creat")
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range")
children, bad, seen = set(), [], {}
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    match = re.match(r"(?:\[pid +)?(\d+)?\]? *(?:[\d.:]+ )?([a-z_0-9]+)\((.*)$", line)
    if not match:
        continue
    name, rest = match.group(2), match.group(3)
    seen[name] = seen.get(name, 0) + 1
    paths = re.findall(r'"([^"]*)"|<([^>]*)>', rest)
    paths = [a or b for a, b in paths]
    own = any(path.startswith(OWN) for path in paths)
    if name in ("fork", "vfork", "clone", "clone3"):
        made = re.search(r"= (\d+)", rest)
        children.add(made.group(1) if made else "")
    elif name in ("execve", "execveat"):
        bad.append(line)
    elif name in CHANGES and not own:
        bad.append(line)
    elif name in ("open", "openat", "openat2") and re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest) and not own:
        bad.append(line)
    elif name in WRITES:
        target = re.match(r"\d+<([^>]*)>", rest)
        where = target.group(1) if target else "?"
        if not where.startswith(OWN + ("socket:", "UNIX", "pipe:", "anon_inode:")):
            bad.append(line)
    elif name in ("kill", "tkill", "tgkill", "pidfd_send_signal"):
        target = re.match(r"(\d+)", rest)
        if name == "kill" and target and target.group(1) in children:
            continue
        if name == "pidfd_send_signal" and "pidfd" in rest:
            continue
        bad.append(line)
print("calls seen:", " ".join(f"{name}={n}" for name, n in sorted(seen.items())))
for line in bad:
    print("TOUCHES:", line.rstrip())
sys.exit(1 if bad or not seen else 0)
