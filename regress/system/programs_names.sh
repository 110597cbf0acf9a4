#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Names of hosts, as programs ask for them: from etc/hosts and with the
# servers of etc/resolv.conf in the machine's folder, asked through PF.
. "$(dirname "$0")/programs.subr"
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
keep on in ping -q -c 1 -4 www.test
says "the machine's own tools ask it too" '^PING www\.test \(10\.81\.2\.2\)'
keep on in ping -q -c 1 none.test
says "... a name that is not there" '^ping: none\.test: no address known by that name$'
keep on in ping -q -c 1 silent.test.
says "... a server that is silent" '^ping: silent\.test\.: no name server answers$'
keep on in ping -q -c 1 -4 localhost
says "... localhost" '^1 packets transmitted, 1 packets received'
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
keep on in ping -H -c 1 10.81.2.2
says "... by the machine's own tools" '^64 bytes from www\.test'
printf '10.81.1.77 seven\n' >"$root/etc/hosts"
keep on in python3 -c 'import socket
def t(f, *a):
    try: print(f(*a))
    except OSError as e: print(e.strerror)
t(socket.gethostbyname_ex, "www.test")
t(socket.gethostbyname_ex, "seven")
t(socket.gethostbyname_ex, "10.1.2.3")
t(socket.gethostbyname_ex, "none.test")
t(socket.gethostbyaddr, "10.81.1.77")
t(socket.gethostbyaddr, "10.81.2.2")'
says "gethostbyname" "^.'www.test', \[\], \['10.81.2.2'\]."
says "... from hosts" "^.'seven', \[\], \['10.81.1.77'\]."
says "... of an address" "^.'10.1.2.3', \[\], \['10.1.2.3'\]."
says "... of nothing" "^Name or service not known"
says "gethostbyaddr" "^.'seven', \[\], \['10.81.1.77'\]."
says "... from DNS" "^.'www.test', \[\], \['10.81.2.2'\]."
keep on in python3 - <<'PY'
import ctypes, socket
lib = ctypes.CDLL(None)
class hostent(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("aliases", ctypes.c_void_p), ("af", ctypes.c_int),
        ("len", ctypes.c_int), ("list", ctypes.POINTER(ctypes.POINTER(ctypes.c_ubyte * 16)))]
he, res, herr = hostent(), ctypes.POINTER(hostent)(), ctypes.c_int()
def ask(name, af, room):
    buf = ctypes.create_string_buffer(room)
    r = lib.gethostbyname2_r(name, af, ctypes.byref(he), buf, ctypes.c_size_t(room), ctypes.byref(res), ctypes.byref(herr))
    got = bytes(he.list[0].contents) if res else b""
    print(room, r, herr.value, socket.inet_ntop(af, got[:16 if af == 10 else 4]) if res else "-")
ask(b"www.test", 10, 512)
for room in range(0, 100, 7): ask(b"www.test", 10, room)
ask(b"www.test", 99, 512)
ask(b"four.test", 10, 512)
PY
says "gethostbyname2_r, IPv6" "^512 0 0 2001:db8:812::2"
says "... without room" "^49 34 -1 -"
says "... in another family" "^512 97 -1 -"
says "... without such an address" "^512 0 4 -"
rm "$root/etc/hosts"
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
cat >"$dir/ifreq.py" <<'PY'
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def ask(cmd, name, show):
    try: print(show(fcntl.ioctl(s, cmd, struct.pack("16s24x", name))[16:]))
    except OSError as e: print(name.decode(), e.strerror)
def inet(b): return struct.unpack_from("H", b)[0], socket.inet_ntoa(b[4:8])
def num(b): return struct.unpack_from("i", b)[0]
for c in 0x8915, 0x8917, 0x8919, 0x891b: ask(c, b"fxp0", inet)
ask(0x8913, b"fxp0", lambda b: "flags %x" % struct.unpack_from("H", b)[0])
ask(0x8921, b"fxp0", lambda b: "mtu %d" % num(b))
ask(0x891d, b"fxp0", lambda b: "metric %d" % num(b))
ask(0x8927, b"fxp0", lambda b: "type %d %s" % (struct.unpack_from("H", b)[0], ":".join("%02x" % x for x in b[2:8])))
ask(0x8927, b"lo0", lambda b: "type %d" % struct.unpack_from("H", b)[0])
ask(0x8933, b"fxp0", lambda b: "index %s" % (num(b) == socket.if_nametoindex("fxp0")))
print("name", fcntl.ioctl(s, 0x8910, struct.pack("16si20x", b"", socket.if_nametoindex("lo0")))[:3])
ask(0x8915, b"nosuch0", inet)
ask(0x8914, b"fxp0", num)
import array
buf = array.array("B", bytes(400))
n, _ = struct.unpack("iP", fcntl.ioctl(s, 0x8912, struct.pack("iP", len(buf), buf.buffer_info()[0])))
print("conf", sorted((bytes(buf[i:i+16]).rstrip(b"\0").decode(), socket.inet_ntoa(bytes(buf[i+20:i+24]))) for i in range(0, n, 40)))
print("length", struct.unpack("iP", fcntl.ioctl(s, 0x8912, struct.pack("iP", 0, 0)))[0] == n)
PY
keep on in python3 "$dir/ifreq.py"
says "SIOCGIFADDR" "^.2, '10.81.1.10'."
says "SIOCGIFBRDADDR" "^.2, '10.81.1.255'."
says "SIOCGIFNETMASK" "^.2, '255.255.255.0'."
says "SIOCGIFFLAGS" "^flags 1043"
says "SIOCGIFMTU" "^mtu 1500"
says "SIOCGIFMETRIC" "^metric 0"
says "SIOCGIFHWADDR" "^type 1 ..:..:..:..:..:.."
says "... of lo0" "^type 772"
says "SIOCGIFINDEX" "^index True"
says "SIOCGIFNAME" "^name b'lo0'"
says "... of an interface that is not there" "^nosuch0 No such device"
says "SIOCSIFFLAGS is refused" "^fxp0 Operation not supported"
says "SIOCGIFCONF" "^conf .*.'fxp0', '10.81.1.10').*.'lo0', '127.0.0.1'."
says "... how long" "^length True"
finish
