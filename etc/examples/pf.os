# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# Who sent this SYN?  For `os' in rules of pf.conf(5); copied to /etc/pf.os it
# is read with every load.  The first line that fits says what it is, so lines
# that leave more open stand further below.
#
#	window:ttl:df:size:options:class:version:subtype:description
#
# window   a number, Sn (n times the MSS), Tn (n times the MTU), %n, *
# ttl      as sent: what arrives is at most 40 lower
# df       1: must not be fragmented.  IPv6 always is so
# size     of the whole packet as IPv4, *
# options  in order: M MSS, W window scale (each with n, %n or *), N nop,
#          S SACK permitted, T timestamp, T0 one that is zero; . for none
# class    @ before it: said of many systems; * before it: no version told apart
#
# What is here was seen on the wire or follows from what each system documents
# of its TCP.  Add what your own network shows: tcpdump -v prints all of it.

# Fugu
65535:64:1:60:M*,S,T,N,W7:Fugu:::Fugu

# Linux: the first window is a whole number of segments
S4:64:1:60:M*,S,T,N,W0:Linux:2.4::Linux 2.4
S4:64:1:60:M*,S,T,N,W2:Linux:2.6::Linux 2.6 to 2.6.16
S4:64:1:60:M*,S,T,N,W*:Linux:2.6::Linux 2.6
S10:64:1:60:M*,S,T,N,W*:Linux:3.x::Linux 3.0 to 3.9
S20:64:1:60:M*,S,T,N,W*:Linux:3.x-4.x::Linux 3.10 to 4.18
S44:64:1:60:M*,S,T,N,W*:Linux:5.x::Linux 4.19 and later
S45:64:1:60:M*,S,T,N,W*:Linux:5.x::Linux 4.19 and later, over IPv6
S22:64:1:60:M*,S,T,N,W*:Linux:3.x:Android:Android

# OpenBSD, FreeBSD, macOS
16384:64:1:64:M*,N,N,S,N,W*,N,N,T:OpenBSD:3.0-3.9::OpenBSD 3.0 and later
16384:64:1:64:M*,N,N,S,N,W*,N,N,T:OpenBSD:4.0-4.9::OpenBSD 4
16384:64:1:64:M*,N,N,S,N,W*,N,N,T:OpenBSD:5.0-5.9::OpenBSD 5
16384:64:1:64:M*,N,N,S,N,W*,N,N,T:OpenBSD:6.0-6.9::OpenBSD 6
16384:64:1:64:M*,N,N,S,N,W*,N,N,T:OpenBSD:7.0-7.9::OpenBSD 7
65535:64:1:60:M*,N,W*,S,T:FreeBSD:7-15::FreeBSD 7 and later
65535:64:1:64:M*,N,W*,N,N,T,S:MacOS:X::macOS and iOS

# Solaris
49640:64:1:52:M*,N,W0,N,N,S:Solaris:10::Solaris 10
32850:64:1:64:N,N,T,M*,N,W1,N,N,S:Solaris:10::Solaris 10 with timestamps

# Windows
65535:128:1:48:M*,N,N,S:Windows:XP::Windows XP
64240:128:1:48:M*,N,N,S:Windows:XP::Windows XP
64240:128:1:48:M*,N,N,S:Windows:2000::Windows 2000
16384:128:1:48:M*,N,N,S:Windows:2000::Windows 2000
8192:128:1:52:M*,N,W2,N,N,S:Windows:7::Windows 7 and Vista
8192:128:1:52:M*,N,W8,N,N,S:Windows:7-8::Windows 7 and 8
64240:128:1:52:M*,N,W8,N,N,S:Windows:10-11::Windows 10 and 11
65535:128:1:52:M*,N,W8,N,N,S:Windows:10-11::Windows 10 and 11

# Cisco IOS
4128:255:0:44:M*:Cisco:IOS::Cisco IOS

# Scanners, which write their SYNs themselves
1024:64:0:44:M1460:*Scanner:nmap::nmap -sS
2048:64:0:44:M1460:*Scanner:nmap::nmap -sS
3072:64:0:44:M1460:*Scanner:nmap::nmap -sS
4096:64:0:44:M1460:*Scanner:nmap::nmap -sS
65535:255:0:40:.:*Scanner:zmap::zmap
1024:255:0:40:.:*Scanner:masscan::masscan

# Said of many
*:64:1:*:M*,S,T,N,W*:@Linux:::Linux, or what looks like it
*:128:1:*:M*,N,W*,N,N,S:@Windows:::Windows, or what looks like it
*:128:1:*:M*,N,N,S:@Windows:::Windows before Vista
