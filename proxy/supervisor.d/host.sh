# What this host's network is: the router may sit in a container and see another one. See docs/proxy-channel.md.

HOST_SAID=''
# The router takes as many of each; what is more is left out.
HOST_MOST=256

# Addresses that mean this host, one on each line. Loopback and link-local ones are nobody's upstream anyway.
own_addresses() {
  awk '$1 == "|--" { leaf = $2 } $1 == "/32" && $3 == "LOCAL" && leaf !~ /^127\./ { print leaf }' /proc/net/fib_trie 2>/dev/null
  awk '$4 != "20" && $6 != "lo" { print $1 }' /proc/net/if_inet6 2>/dev/null | sed -E 's/(.{4})/\1:/g; s/:$//'
}

# Names of the bridges that lead to containers or virtual machines of this host, and nowhere else. A bridge with
# a network card, a bond or a vlan among its ports is how this host is on its own network.
local_bridges() {
  local bridge port
  for bridge in /sys/class/net/*/bridge; do
    [ -e "$bridge" ] || continue
    bridge=${bridge%/bridge}
    for port in "$bridge"/brif/*; do
      port=/sys/class/net/${port##*/}
      [ -e "$port/device" ] || [ -e "$port/bonding" ] || compgen -G "$port/lower_*" >/dev/null && continue 2
    done
    echo "${bridge##*/}"
  done
}

# Subnets of the bridges $1 (one on each line), as CIDRs. A bridge with a route through a gateway is no local one.
bridge_subnets() {
  { echo "$1"; echo tables; cat /proc/net/route 2>/dev/null; } | awk '
    function number(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n
    }
    function octet(hex, place) { return number(substr(hex, 9 - 2 * place, 2)) }
    function bits(mask,   place, count, rest) {
      for (place = 1; place <= 4; place++) for (rest = octet(mask, place); rest > 0; rest = int(rest / 2)) count += rest % 2
      return count + 0
    }
    !tables { if ($1 == "tables") tables = 1; else bridge[$1] = 1; next }
    !($1 in bridge) || length($2) != 8 { next }
    $3 != "00000000" || $8 == "00000000" { outward[$1] = 1; next }
    { subnets[++count] = octet($2, 1) "." octet($2, 2) "." octet($2, 3) "." octet($2, 4) "/" bits($8); of[count] = $1 }
    END { for (i = 1; i <= count; i++) if (!(of[i] in outward)) print subnets[i] }
  '
  { echo "$1"; echo tables; cat /proc/net/if_inet6 2>/dev/null; } | awk '
    function digits(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
      return n
    }
    !tables { if ($1 == "tables") tables = 1; else bridge[$1] = 1; next }
    ($6 in bridge) && $4 != "20" {
      text = $1
      gsub(/..../, "&:", text)
      print substr(text, 1, length(text) - 1) "/" digits($3)
    }
  '
}

# Writes what the workers tell the router, when it changed.
write_host() {
  local said
  said=$(
    own_addresses | sort -u | head -n "$HOST_MOST" | sed 's/^/address /'
    bridge_subnets "$(local_bridges)" | sort -u | head -n "$HOST_MOST" | sed 's/^/bridge /'
  )
  [ -e "$RUN/host" ] && [ "$said" = "$HOST_SAID" ] && return 0
  { echo "$said" >"$RUN/host.new"; } 2>/dev/null && mv "$RUN/host.new" "$RUN/host" && HOST_SAID=$said
}
