# Which ports nginx can listen on: only the proxy sees the host's ports, and one busy port keeps all of nginx from starting.

# Inodes of the sockets that our nginx holds, one on each line.
own_inodes() {
  [ -n "$NGINX" ] || return 0
  find "/proc/$NGINX/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n'
}

# Prints the ports from $1 to $2 that somebody else uses. A connection's local port counts too: bind() fails on
# it as on a listener's. TIME_WAIT (06) and sockets without an owner (inode 0) do not stand in the way.
busy_ports() {
  { own_inodes; echo tables; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; } | awk -v low="$1" -v high="$2" '
    function number(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n
    }
    !tables { if ($1 == "tables") tables = 1; else own[$1] = 1; next }
    $1 == "sl" || $4 == "06" { next }
    {
      count = split($2, parts, ":")
      port = number(parts[count])
      if (port < low || port > high) next
      if ($4 == "0A" && ($10 in own)) held[port] = 1
      else if ($4 == "0A") busy[port] = 1
      else if ($10 != "0" && !($10 in own)) used[port] = 1
    }
    END { for (port = low; port <= high; port++) if ((port in busy) || ((port in used) && !(port in held))) print port }
  '
}

has_ipv6() {
  [ -s /proc/net/if_inet6 ]
}

has_loopback6() {
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null
}

# Prints the range $1 to $2 without the ports in $3 (one on each line), as nginx port ranges.
free_ranges() {
  awk -v low="$1" -v high="$2" '
    { busy[$1] = 1 }
    END {
      for (port = low; port <= high + 1; port++) {
        free = port <= high && !(port in busy)
        if (free && !start) start = port
        if (!free && start) { print (start == port - 1) ? start : start "-" (port - 1); start = 0 }
      }
    }
  ' <<<"$3"
}
