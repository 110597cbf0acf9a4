#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Names of hosts, as programs ask for them: from etc/hosts and with the
# servers of etc/resolv.conf in the machine's folder, asked through PF.
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/regress/system/programs.subr"
have python3 && have curl || { echo "ok 1 - names # SKIP no python3 or curl"; echo 1..1; exit 0; }

# A name server with a few records, by UDP and TCP.
cat >"$dir/dns.py" <<'PY'
import socket, struct, sys, threading
A, CNAME, PTR, AAAA = 1, 5, 12, 28
def name(n): return b"".join(bytes([len(l)]) + l.encode() for l in n.split(".") if l) + b"\0"
zone = {
    ("www.test", A): [socket.inet_aton("10.81.2.2")],
    ("www.test", AAAA): [socket.inet_pton(socket.AF_INET6, "2001:db8:812::2")],
    ("four.test", A): [socket.inet_aton("10.81.2.2")],
    ("alias.test", CNAME): [name("four.test")],
    ("many.test", A): [socket.inet_aton("10.9.%d.%d" % (i // 200, i % 200 + 1)) for i in range(60)],
    ("2.2.81.10.in-addr.arpa", PTR): [name("www.test")],
}
names = {k[0] for k in zone}
def answer(q, tcp):
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode()); at += 1 + q[at]
    qtype = struct.unpack(">H", q[at + 1:at + 3])[0]
    full = ".".join(labels).lower()
    records, n, who = b"", 0, b"\xc0\x0c"
    if (full, CNAME) in zone:
        target = zone[full, CNAME][0]
        records += who + struct.pack(">HHIH", CNAME, 1, 60, len(target)) + target; n += 1
        who, full = target, "four.test"
    for data in zone.get((full, qtype), []):
        records += who + struct.pack(">HHIH", qtype, 1, 60, len(data)) + data; n += 1
    flags = 0x8180 | (0 if full in names else 3)
    if not tcp and len(records) > 480:
        flags, records, n = flags | 0x200, b"", 0
    return q[:2] + struct.pack(">HHHHH", flags, 1, n, 0, 0) + q[12:at + 5] + records
def tcp(l):
    while True:
        c, _ = l.accept()
        q = c.recv(600)
        if len(q) > 14:
            a = answer(q[2:], True)
            c.sendall(struct.pack(">H", len(a)) + a)
        c.close()
l = socket.create_server(("10.81.2.2", 53)); threading.Thread(target=tcp, args=(l,), daemon=True).start()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.81.2.2", 53))
while True:
    q, who = s.recvfrom(512)
    if b"silent" not in q: s.sendto(answer(q, False), who)
PY
ok "a lab with a firewall comes up" lab_up
mkdir -p "$dir/lab/in/etc"
root=$(on in sh -c 'echo "$BSD_ROOT"')
mkdir -p "$root/etc"
printf '10.81.2.2 gate gate.example # a comment\n2001:db8:812::2 gate\n10.81.1.77 seven\n' >"$root/etc/hosts"
printf '# of this machine\nnameserver 10.81.2.2\nsearch nowhere.test test\noptions timeout:1 attempts:1\n' >"$root/etc/resolv.conf"
later out python3 "$dir/dns.py"
later out python3 -m http.server --bind :: 80
ok "the name server answers" open in 10.81.2.2 53
ask() { keep on in python3 -c "import socket; print(sorted({a[4][0] for a in socket.getaddrinfo($1)}))"; }
ask '"gate", 80'
says "etc/hosts, both families" "^\['10\.81\.2\.2', '2001:db8:812::2'\]$"
ask '"GATE.example", 80, socket.AF_INET'
says "... another name, whatever its case" "^\['10\.81\.2\.2'\]$"
ask '"localhost", 80'
says "localhost is there in any case" "^\['127\.0\.0\.1', '::1'\]$"
ask '"www.test", 80'
says "DNS, both families" "^\['10\.81\.2\.2', '2001:db8:812::2'\]$"
ask '"www.test", "http", socket.AF_INET6'
says "... one family, a service by name" "^\['2001:db8:812::2'\]$"
ask '"www", 80, socket.AF_INET'
says "... by the search list" "^\['10\.81\.2\.2'\]$"
ask '"alias.test", 80'
says "... by an alias" "^\['10\.81\.2\.2'\]$"
keep on in python3 -c 'import socket; print(len({a[4][0] for a in socket.getaddrinfo("many.test", 80)}))'
says "an answer that was cut comes by TCP" '^(3[0-2]|60)$'
ask '"none.test", 80'
says "a name that is not there" 'gaierror: .*Name or service not known'
ask '"four.test", 80, socket.AF_INET6'
says "a name without such an address" 'gaierror: .*No address associated'
ask '"silent.test.", 80'
says "a server that is silent" 'gaierror: .*Temporary failure'
ask '"10.1.2.3", 80'
says "an address is an address" "^\['10\.1\.2\.3'\]$"
keep on fw python3 -c 'import socket
print(socket.getaddrinfo("fe80::1%fxp1", 80)[0][4][3] == socket.if_nametoindex("fxp1"))
socket.getaddrinfo("fe80::1%nosuch0", 80)'
says "a scope is the machine's interface" '^True$'
says "... if there is such a one" 'gaierror'
keep on in python3 -c 'import socket; print(socket.getnameinfo(("10.81.1.77", 80), 0), socket.getnameinfo(("10.81.2.2", 80), 0))'
says "back: from hosts" "\('seven', 'http'\)"
keep on out python3 -c 'import socket; print(socket.getnameinfo(("10.81.2.2", 80), 0))'
says "back: nothing is known, the address itself" "'10\.81\.2\.2'"
rm "$root/etc/hosts"
keep on in python3 -c 'import socket; print(socket.getnameinfo(("10.81.2.2", 80), 0))'
says "back: from DNS" "\('www.test', 'http'\)"
ok "curl by a name" on in curl -s -S -m 10 -o /dev/null http://www.test/
ok "wget's way: cat shows the machine's own file" on in cat /etc/resolv.conf
cp "$dir/says" "$dir/last"
says "... of its own folder" '^# of this machine'
ok "... but the host's in other machines" sh -c "bsdctl exec out cat /etc/resolv.conf | cmp - /etc/resolv.conf"
if have dig; then
	keep on in dig +time=3 +tries=1 www.test
	says "dig asks the machine's server" '10\.81\.2\.2$'
	says "... over the machine" 'SERVER: 10\.81\.2\.2#53'
	keep on in dig +time=3 +tries=1 +tcp many.test
	says "dig by TCP" 'ANSWER: 60'
	keep on in host -W 3 www.test
	says "host" 'www\.test has IPv6 address 2001:db8:812::2'
else
	skip "dig" "not installed"
fi

# what programs see of interfaces: names, indexes, flags as Linux numbers them
cat >"$dir/ifs.py" <<'PY'
import ctypes, ctypes.util
class ifaddrs(ctypes.Structure): pass
ifaddrs._fields_=[("next",ctypes.POINTER(ifaddrs)),("name",ctypes.c_char_p),("flags",ctypes.c_uint)]
lib=ctypes.CDLL(None)
p=ctypes.POINTER(ifaddrs)()
assert lib.getifaddrs(ctypes.byref(p))==0
got={}
while p:
    got[p.contents.name.decode()]=p.contents.flags; p=p.contents.next
print({k:hex(v) for k,v in sorted(got.items())})
import socket
print([socket.if_indextoname(socket.if_nametoindex(n)) for n in sorted(got)])
PY
keep on in python3 "$dir/ifs.py"
says "getifaddrs: flags are Linux's" "'fxp0': '0x1043', 'lo0': '0x1049'"
says "names and indexes" "\['fxp0', 'lo0'\]"
echo "1..$n"
exit $bad
