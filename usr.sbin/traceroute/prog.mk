ALIAS_traceroute := traceroute6
