#!/bin/sh
# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# OpenSSH on Fugu's sockets, unmodified: its server with separated privileges
# and its sandbox, login by key, commands, files, forwarded ports; through PF
# with rdr, both families.
. "$(dirname "$0")/programs.subr"
sshd=$(command -v sshd) && have ssh && have sftp || {
	echo "ok 1 - ssh # SKIP no sshd, ssh or sftp"; echo 1..1; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "ok 1 - ssh # SKIP sshd wants root"; echo 1..1; exit 0; }

mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$dir/hostkey"
ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
ssh-keygen -q -t ed25519 -N '' -f "$dir/other"
cp "$dir/key.pub" "$dir/authorized"
head -c 10000000 /dev/urandom >"$dir/big"
for p in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server /usr/libexec/sftp-server; do
	[ -x $p ] && sftp_server=$p
done
cat >"$dir/sshd_config" <<CONF
Port 8022
HostKey $dir/hostkey
AuthorizedKeysFile $dir/authorized
PidFile $dir/sshd.pid
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
Subsystem sftp ${sftp_server:-internal-sftp}
CONF
opts="-F none -i $dir/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$dir/known"
opts="$opts -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10 -o LogLevel=ERROR"
me=$(id -un)

ok "a lab with a firewall comes up" lab_up
later in "$sshd" -D -e -f "$dir/sshd_config"
ok "sshd listens" open out 10.81.2.1 8022
keep on out ssh $opts -p 8022 "$me@10.81.2.1" 'echo "$SSH_CONNECTION"'
says "login by key and a command, through rdr" '^10\.81\.2\.2 [0-9]+ 10\.81\.1\.10 8022$'
keep on out ssh $opts -p 8022 "$me@2001:db8:811::10" 'echo "$SSH_CONNECTION"'
says "... over IPv6" '^2001:db8:812::2 [0-9]+ 2001:db8:811::10 8022$'
keep on out ssh $opts -tt -p 8022 "$me@10.81.2.1" 'tty; exit 7'
says "a terminal" '^/dev/pts/'
keep sh -c "timeout 20 bsdctl exec out ssh $opts -p 8022 $me@10.81.2.1 'exit 7'; echo status \$?"
says "the status comes back" '^status 7$'
no "another key is refused" on out ssh -F none -i "$dir/other" -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile="$dir/known" -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10 -p 8022 "$me@10.81.2.1" true
ok "10 MB in and out by a pipe" sh -c "timeout 40 bsdctl exec out ssh $opts -p 8022 $me@10.81.2.1 cat <'$dir/big' | cmp - '$dir/big'"
ok "scp of 10 MB there" on out scp $opts -P 8022 "$dir/big" "$me@10.81.2.1:$dir/there"
ok "... is whole" cmp "$dir/big" "$dir/there"
ok "scp of 10 MB back, IPv6" on out scp $opts -P 8022 "$me@[2001:db8:811::10]:$dir/big" "$dir/back"
ok "... is whole" cmp "$dir/big" "$dir/back"
echo "get $dir/big $dir/got" >"$dir/batch"
ok "sftp of 10 MB" on out sftp $opts -P 8022 -b "$dir/batch" "$me@10.81.2.1"
ok "... is whole" cmp "$dir/big" "$dir/got"
bsdctl exec in socat TCP-LISTEN:7001,bind=127.0.0.1,fork,reuseaddr EXEC:'echo at in' >/dev/null 2>&1 &
pids="$pids $!"
bsdctl exec out socat TCP-LISTEN:7002,bind=127.0.0.1,fork,reuseaddr EXEC:'echo at out' >/dev/null 2>&1 &
pids="$pids $!"
bsdctl exec out ssh $opts -N -p 8022 -L 7101:127.0.0.1:7001 -R 7102:127.0.0.1:7002 -D 7103 \
    "$me@10.81.2.1" >"$dir/forward" 2>&1 &
pids="$pids $!"
ok "ports are forwarded" open out 127.0.0.1 7101
keep on out nc -w 5 127.0.0.1 7101
says "local forwarding" '^at in$'
keep on in nc -w 5 127.0.0.1 7102
says "remote forwarding" '^at out$'
if have curl; then
	keep on out curl -s -S -m 10 --socks5 127.0.0.1:7103 --http0.9 telnet://127.0.0.1:7001
	says "dynamic forwarding (socks)" '^at in$'
fi
if have git; then
	git init -q "$dir/repo" && cp "$dir/big" "$dir/repo/" && git -C "$dir/repo" add big &&
	    git -C "$dir/repo" -c user.name=t -c user.email=t@t commit -q -m all
	ok "git clones over ssh" on out env GIT_SSH_COMMAND="ssh $opts" git clone -q "ssh://$me@10.81.2.1:8022$dir/repo" "$dir/clone"
	ok "... all of it" cmp "$dir/clone/big" "$dir/big"
fi
ok "eight logins at once" sh -c "
	p=; for i in 1 2 3 4 5 6 7 8; do
		timeout 40 bsdctl exec out ssh $opts -p 8022 $me@10.81.2.1 'echo all well' >'$dir/l'\$i 2>&1 & p=\"\$p \$!\"
	done; wait \$p; cat '$dir'/l[1-8]; [ \$(cat '$dir'/l[1-8] | grep -c 'all well') -eq 8 ]"
ok "sshd's sandbox was not in the way" sh -c "! grep -iE 'signal|SIGSYS|violation' '$dir/later.in'"
if [ -s "$dir/sshd.pid" ]; then
	kill "$(cat "$dir/sshd.pid")"
	sleep 0.2
	no "sshd ended: nobody listens" on out nc -z -w 2 10.81.2.1 8022
fi
finish
