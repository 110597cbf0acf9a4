#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# How programs get to a machine, and what becomes of those that cannot: families
# of the host's network, static programs, those with more rights, those of 32
# bits, those whose machine ends under them.  And daemons that change their root and their user,
# close what they do not know, and hold many descriptors.
. "$(dirname "$0")/lab.subr"
have python3 || { echo "ok 1 - exec # SKIP no python3"; echo 1..1; exit 0; }
py() { m=$1; shift; keep on "$m" python3 -c "$@"; }

cat >"$dir/lab.conf" <<'LAB'
lab exec
wire w
machine a {
	interface fxp0 on w {
		inet 10.84.1.1/24
		inet6 2001:db8:841::1/64
	}
}
machine b {
	interface fxp0 on w {
		inet 10.84.1.2/24
		inet6 2001:db8:841::2/64
	}
}
LAB
ok "two machines come up" bsdctl up "$dir/lab.conf"

# --- what is not the machine's ---
py a 'import socket
for f, t, p in (("NETLINK", "RAW", 0), ("PACKET", "RAW", 0), ("UNIX", "STREAM", 0)):
    try: socket.socket(getattr(socket, "AF_" + f), getattr(socket, "SOCK_" + t), p); print(f, "ok")
    except OSError as e: print(f, e.strerror)'
says "the host's interfaces are out of reach by netlink" '^NETLINK Protocol not supported$'
says "... and by packet sockets" '^PACKET Address family not supported'
says "UNIX sockets are the host's" '^UNIX ok$'
py a 'import socket; print(sorted(n for i, n in socket.if_nameindex()))'
says "interfaces by name are the machine's" "^\['fxp0', 'lo0'\]$"

# --- programs that the library does not reach (more: programs_static.sh) ---
if have cc && supervises "$(id -u)" && cat >"$dir/s.c" <<'C' && cc -static -o "$dir/static" "$dir/s.c" 2>/dev/null; then
#include <stdio.h>
#include <sys/socket.h>
int main(void) { perror(socket(AF_NETLINK, SOCK_RAW, 0) == -1 ? "netlink" : "host"); return (3); }
C
	keep bsdctl exec a "$dir/static"; echo "status $?" >>"$dir/last"
	says "a static program is on the machine" '^netlink: Protocol not supported$'
	says "... its status is the command's" '^status 3$'
	ok "... without a warning" not grep -q warning "$dir/last"
	printf '#! %s -x\n' "$dir/static" >"$dir/script"; chmod 755 "$dir/script"
	keep bsdctl exec a "$dir/script"
	says "... so is a script that it interprets" '^netlink: Protocol not supported$'
	keep bsdctl exec a sh -c "$dir/static; true"
	says "... and what a shell runs" '^netlink: Protocol not supported$'
	cat >"$dir/e.c" <<'C'
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char *argv[])
{
	char *args[] = { "zero", "one", NULL }, *env[] = { getenv("BSD_ROOT") - 9, "MARK=set", NULL };
	const char *how = argv[1], *p = argv[2], *name = strrchr(p, '/') + 1;
	pid_t pid;
	if (strcmp(how, "execl") == 0) execl(p, "zero", "one", NULL);
	if (strcmp(how, "execlp") == 0) execlp(name, "zero", "one", NULL);
	if (strcmp(how, "execle") == 0) execle(p, "zero", "one", NULL, env);
	if (strcmp(how, "execv") == 0) execv(p, args);
	if (strcmp(how, "execve") == 0) execve(p, args, env);
	if (strcmp(how, "execvp") == 0) execvp(name, args);
	if (strcmp(how, "execvpe") == 0) execvpe(name, args, env);
	if (strcmp(how, "vfork") == 0 && vfork() == 0) { execv(p, args); _exit(9); }
	if (strcmp(how, "posix_spawn") == 0) posix_spawn(&pid, p, NULL, NULL, args, env);
	if (strcmp(how, "posix_spawnp") == 0) posix_spawnp(&pid, name, NULL, NULL, args, environ);
	wait(NULL);
	return (0);
}
C
	cat >"$dir/w.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
int main(int argc, char *argv[])
{
	const char *mark = getenv("MARK");
	printf("%d %s %s %s %d\n", argc, argv[0], argv[1], mark == NULL ? "none" : mark, socket(AF_NETLINK, SOCK_RAW, 0));
	return (0);
}
C
	cc -D_GNU_SOURCE -include stdlib.h -o "$dir/executes" "$dir/e.c" && cc -static -o "$dir/words" "$dir/w.c"
	for how in execl execlp execle execv execve execvp execvpe vfork posix_spawn posix_spawnp; do
		case $how in *e | posix_spawn) mark=set ;; *) mark=none ;; esac
		keep env PATH="$dir:$PATH" bsdctl exec a "$dir/executes" $how "$dir/words"
		says "$how executes a static program below a supervisor, with its words" "^2 zero one $mark -1$"
	done
	keep bsdctl exec a env -u BSD_ROOT "$dir/words"
	says "without a machine in its environment it is the host's" '^1 .* [0-9]+$'
	refused "bsdctl supervise wants a machine" 'BSD_ROOT names no machine$' env -u BSD_ROOT bsdctl supervise "$dir/words" words
	refused "... and a program" "^bsdctl: $dir/none: No such file" env BSD_ROOT="$(bsdctl list | awk '$2 == "a" { print $5 }')" bsdctl supervise "$dir/none" none
	cat >"$dir/go.c" <<'C'
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
__asm__(".pushsection .note.go.buildid,\"a\",@note\n.long 4, 4, 4\n.asciz \"Go\\0\"\n.long 1\n.popsection");
int main(void) { perror(syscall(SYS_socket, 16, 3, 0) == -1 ? "netlink" : "host"); return (0); }
C
	cc -o "$dir/go" "$dir/go.c"
	keep bsdctl exec a "$dir/go"
	says "a program with Go's note, which calls the kernel itself, is too" '^netlink: Protocol not supported$'
	keep env BSD_ROOT="$dir" bsdctl exec b "$dir/static"
	says "whatever BSD_ROOT was before" '^netlink: Protocol not supported$'
else
	skip "static programs" "no compiler that links statically, or kernel.yama.ptrace_scope is not 0"
fi
keep bsdctl exec a sh -c true
ok "a shell gets no warning" [ ! -s "$dir/last" ]
{ head -c 4 /bin/sh; printf '\001\001\001\000%s' "$(printf '%056d' 0)"; } >"$dir/short"; chmod 755 "$dir/short"
keep bsdctl exec a "$dir/short"
says "a program of 32 bits is warned of" "^bsdctl: warning: $dir/short is not a program of 64 bits: it uses the network of this host, not of a$"
if supervises "$(id -u)"; then
	keep bsdctl exec -s a "$dir/short"
	says "... exec -s: it gets no sockets" 'it can make no sockets$'
fi
refused "exec knows its option only" 'usage' sh -c 'bsdctl exec -x a true 2>&1 | head -1; exit 2'
if [ "$(id -u)" -eq 0 ] && [ -e "$dir/static" ]; then
	cc -o "$dir/suid" "$dir/s.c"
	chown nobody "$dir/suid"; chmod 4755 "$dir/suid"
	keep bsdctl exec a "$dir/suid"
	says "one with a set-user-ID bit is on the machine" '^netlink: Protocol not supported$'
fi

# --- daemons ---
cat >"$dir/daemon.py" <<'PY'
import os, resource, socket, sys, threading
# all descriptors closed, environment gone, new session, root and user given up
os.setsid()
os.closerange(3, 65536)
os.environ.clear()
if os.getuid() == 0:
    os.chroot(sys.argv[1]); os.chdir("/"); os.setgid(65533); os.setuid(65533)
l = socket.socket(socket.AF_INET6)
l.bind(("::", 8700)); l.listen(64)
def serve(c):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) # a thread's own call
    s.close()
    c.sendall(c.recv(100).upper()); c.close()
while True:
    c, _ = l.accept()
    if os.fork() == 0:
        t = threading.Thread(target=serve, args=(c,)); t.start(); t.join(); os._exit(0)
    c.close()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
PY
mkdir -m 755 "$dir/empty"
later a python3 "$dir/daemon.py" "$dir/empty"
cat >"$dir/ask.py" <<'PY'
import socket, sys, time
for i in range(200):
    try: s = socket.create_connection((sys.argv[1], 8700), 5); break
    except OSError: time.sleep(0.1)
s.sendall(b"a daemon"); print(s.recv(100).decode())
PY
keep on b python3 "$dir/ask.py" 10.84.1.1
says "a daemon behind chroot, without its descriptors, with threads of forked children" '^A DAEMON$'
keep on b python3 "$dir/ask.py" 2001:db8:841::1
says "... IPv6" '^A DAEMON$'
py a 'import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 4096))
l = socket.create_server(("127.0.0.1", 8701), backlog=64); c = []
for i in range(1200):
    x = socket.create_connection(("127.0.0.1", 8701)); y, _ = l.accept(); c.append((x, y))
for x, y in c: x.sendall(b"x")
print(sum(len(y.recv(1)) for x, y in c), "of 2400 descriptors")'
says "2400 descriptors in one program" '^1200 of 2400 descriptors$'
py a 'import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 4096)); s = []
try:
    while True: s.append(socket.socket())
except OSError as e: print(e.strerror)
s.pop().close(); print(socket.socket().fileno() > 2)'
says "no more descriptors than allowed" '^Too many open files$'
says "... and again after one was closed" '^True$'
py a 'import resource, socket
l = socket.create_server(("127.0.0.1", 8705)); l.setblocking(False)
c = [socket.create_connection(("127.0.0.1", 8705)) for i in range(4)]
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 4096)); s = []
try:
    while True: s.append(open("/dev/null"))
except OSError: pass
import errno
def take():
    try: return "taken" if l.accept() else ""
    except OSError as e: return errno.errorcode[e.errno]
print([take() for i in range(3)], end=" ")
for f in s: f.close()
print([take() for i in range(4)])'
says "accept without a number keeps all connections" "^\['EMFILE', 'EMFILE', 'EMFILE'\] \['taken', 'taken', 'taken', 'taken'\]$"
py a 'import signal, socket, threading, os, time
l = socket.create_server(("127.0.0.1", 8702))
class Ring(Exception): pass
def ring(*a): raise Ring
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.3)
s = socket.socket()
try: s.connect(("10.84.1.77", 9)) # nobody is there
except Ring: print("interrupted")
except OSError as e: print(e)
s.close()
signal.setitimer(signal.ITIMER_REAL, 0.2)
try: l.accept()
except Ring: print("accept too")
print(bool(socket.create_connection(("127.0.0.1", 8702))))'
says "a signal ends connect" '^interrupted$'
says "... and accept" '^accept too$'
says "... and all goes on" '^True$'
py a 'import os, socket, subprocess, sys
l = socket.create_server(("127.0.0.1", 8703)); os.set_inheritable(l.fileno(), True)
code = "import socket, sys; c, _ = socket.socket(fileno=int(sys.argv[1])).accept(); c.sendall(c.recv(9))"
pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code, str(l.fileno())], os.environ)
c = socket.create_connection(("127.0.0.1", 8703)); c.sendall(b"spawned"); print(c.recv(9).decode())
os.waitpid(pid, 0)
p = subprocess.Popen(["cat"], stdin=c.fileno(), stdout=subprocess.PIPE, close_fds=True)
print(len(p.communicate()[0]))'
says "posix_spawn hands a listener on" '^spawned$'
says "... and vfork a connection as standard input" '^0$'
py b 'import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, 24, 1280) # IPV6_MTU
s.connect(("2001:db8:841::1", 9)); s.send(bytes(1400))
s.setsockopt(socket.IPPROTO_IPV6, 24, 0)'
keep on b netstat -s -p ip6
says "IPv6 datagrams are cut at IPV6_MTU" '^[[:space:]]*1 output datagrams? fragmented'

# --- the machine ends under its programs ---
cat >"$dir/spin.py" <<'PY'
import select, socket, sys, time
l = socket.create_server(("0.0.0.0", 8704)); u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("0.0.0.0", 8704))
print("ready", flush=True)
seen, end = {}, None
while end is None or time.monotonic() < end:
    for s in select.select([l, u], [], [], 1)[0]:
        try: s.accept() if s is l else s.recv(9)
        except OSError as e:
            end = end or time.monotonic() + 2
            seen[e.strerror] = seen.get(e.strerror, 0) + 1
print(seen, "slowly" if sum(seen.values()) < 100 else "it spins", flush=True)
PY
bsdctl exec b python3 "$dir/spin.py" >"$dir/spin" 2>&1 &
spin=$!
within grep -q ready "$dir/spin"
kill -9 "$(bsdctl list | awk '$2 == "b" { print $4 }')"
ok "a server outlives its machine" wait $spin
cp "$dir/spin" "$dir/last"
says "... its calls say that the network is down" "'Network is down'"
says "... and it does not spin" 'slowly$'
finish
