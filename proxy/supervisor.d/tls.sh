# TLS on the listen port: which certificate and key nginx reads, and what is said about them.
#
#   plain --(files in the usual place)--> judged --(fit)--> served --(changed)--> judged
#                                           |                 ^                     |
#                                           |                 +--(do not fit: kept)-+
#                                           +--(do not fit, none served)--> blocked --(changed)--> judged
#   a place that was set, without files --> blocked
#
# nginx never reads the shared files: they are copied, and the copies judged, so that half of a new pair harms nobody.
# What is blocked starts no nginx: falling back to plain HTTP would send passwords in the clear.

# As the router wants them; empty for the usual place.
TLS_CERTIFICATE='' TLS_KEY=''
# Hash of what was judged last, the place whose pair is served (empty: plain HTTP), and why nginx must not start.
TLS_JUDGED='' TLS_SERVED='' TLS_BLOCKED=''
# Set while a pair that was taken waits for nginx to read it; when the served certificate ends, in seconds since 1970.
TLS_DUE='' TLS_END=0
TLS_SAID='' TLS_END_SAID=''
TLS_MOST_BYTES=262144
TLS_WARN_DAYS=14

# What browsers and libraries of the last years speak, with forward secrecy only.
TLS_PROTOCOLS='TLSv1.2 TLSv1.3'
TLS_CIPHERS=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384
TLS_CIPHERS+=:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305

# Copies of an earlier supervisor are not served: who starts anew wants what is there now.
prepare_tls() {
  rm -rf "$RUN/tls" && mkdir -m 700 "$RUN/tls" "$RUN/tls/new" && ln -sfnT ../tls "$RUN/candidate/tls" || return 1
  write_modules "$RUN/tls/new/modules.conf"
  # An nginx that reads a pair as the real one will, judges it, and ends before it listens anywhere.
  cat >"$RUN/tls/new/nginx.conf" <<CONF
include modules.conf;
pid tls/new/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  lua_package_path "\${prefix}lua/?.lua;;";
  init_by_lua_block {
    io.stdout:write(require("clearway.certificate").judge("tls/new/tls.crt", "tls/new/tls.key"), "\n")
    os.exit(0, true)
  }
  server {
    listen unix:tls/new/nginx.sock;
    ssl_certificate tls.crt;
    ssl_certificate_key tls.key;
    ssl_protocols $TLS_PROTOCOLS;
  }
}
CONF
}

tls_served() {
  [ -n "$TLS_SERVED" ]
}

# Lines of the http server that speaks TLS. A stream of HTTP/2 shares its connection with others, so only a body filter can
# end it by itself; without HTTP/2 there is none, because it would cost each answer.
tls_lines() {
  cat <<CONF
ssl_certificate tls/tls.crt;
ssl_certificate_key tls/tls.key;
ssl_protocols $TLS_PROTOCOLS;
ssl_ciphers $TLS_CIPHERS;
ssl_prefer_server_ciphers off;
ssl_session_cache shared:clearway_tls:4m;
ssl_session_timeout 4h;
ssl_session_tickets off;
http2_max_concurrent_streams 128;
body_filter_by_lua_block { return clearway.body_filter() }
CONF
}

is_there() {
  [ -e "$1" ] || [ -L "$1" ]
}

# One hash of what stands in both files; that one is missing, or cannot be read, counts as well.
tls_fingerprint() {
  local file
  for file in "$1" "$2"; do
    echo "$file"
    if [ -f "$file" ] && [ -r "$file" ]; then
      head -c "$TLS_MOST_BYTES" "$file" | sha256sum
    else
      is_there "$file"
      echo $?
    fi
  done | sha256sum
}

# Prints why a file of a pair cannot be read, or nothing.
tls_unreadable() {
  local folder
  folder=$(dirname "$1")
  if [ -d "$folder" ] && [ ! -x "$folder" ]; then
    echo "$folder cannot be entered by uid $(id -u), group $(id -g)"
  elif [ ! -e "$1" ]; then
    echo "$1 is missing"
  elif [ ! -f "$1" ]; then
    echo "$1 is no file"
  elif [ ! -r "$1" ]; then
    echo "$1 cannot be read by uid $(id -u), group $(id -g)"
  fi
}

# Copies the pair and prints "fits", in how many seconds it begins and ends to hold; or why it cannot be served.
tls_look_at() {
  local new=$RUN/tls/new said
  said=$(tls_unreadable "$1")
  [ -n "$said" ] || said=$(tls_unreadable "$2")
  if [ -n "$said" ]; then
    echo "$said"
  elif ! (umask 077 && head -c "$TLS_MOST_BYTES" "$1" >"$new/tls.crt" && head -c "$TLS_MOST_BYTES" "$2" >"$new/tls.key") 2>/dev/null; then
    echo 'they cannot be copied into the run folder'
  elif grep -q ENCRYPTED "$new/tls.key"; then
    # nginx would ask for the pass phrase.
    echo 'the key is encrypted'
  else
    said=$(cd "$RUN" && nginx_run -q -c "$new/nginx.conf" 2>&1 </dev/null)
    # A refusal of nginx, without its time and process number.
    sed -nE '1s#^(.*\[[a-z]+\] ([0-9]+\#[0-9]+: )?)?##p' <<<"$said"
  fi
}

utc() {
  date -ud "@$1" +%Y-%m-%dT%H:%M:%SZ
}

# Says something about these contents once.
tls_say() {
  local said="$TLS_JUDGED $1 $2"
  [ "$TLS_SAID" = "$said" ] || log error "$1" certificate "$certificate" key "$key" problem "$2"
  TLS_SAID=$said
}

# Prints what keeps a pair that fits from replacing the one that is served (and has not ended), or nothing.
tls_too_bad() {
  tls_served && ((TLS_END > $1)) || return 0
  if (($3 <= $1)); then
    echo "the certificate ended at $(utc "$3")"
  elif (($2 > $1)); then
    echo "the certificate holds only from $(utc "$2") on"
  fi
}

# Puts the copies that were judged in place.
tls_take() {
  local new=$RUN/tls/new old=$RUN/tls
  TLS_BLOCKED='' TLS_SAID=''
  if [ "$TLS_SERVED" = "$place" ] && cmp -s "$new/tls.crt" "$old/tls.crt" && cmp -s "$new/tls.key" "$old/tls.key"; then return; fi
  mv "$new/tls.crt" "$old/tls.crt" && mv "$new/tls.key" "$old/tls.key" || return
  TLS_SERVED=$place TLS_DUE=1 TLS_END=$1
  log info 'certificate taken' certificate "$certificate" until "$(utc "$1")"
}

# Judges what stands in both places now.
tls_judge() {
  local certificate=$1 key=$2 place="$1 $2" problem from to now
  printf -v now '%(%s)T' -1
  problem=$(tls_look_at "$certificate" "$key")
  if [[ $problem =~ ^fits\ (-?[0-9]+)\ (-?[0-9]+)$ ]]; then
    from=$((now + BASH_REMATCH[1])) to=$((now + BASH_REMATCH[2]))
    problem=''
    [ "$TLS_SERVED" = "$place" ] && problem=$(tls_too_bad "$now" "$from" "$to")
    if [ -z "$problem" ]; then
      tls_take "$to"
      return
    fi
  fi
  if [ "$TLS_SERVED" = "$place" ]; then
    tls_say 'certificate and key cannot be used; the ones before go on being served' "$problem"
  elif [ -z "$TLS_CERTIFICATE$TLS_KEY" ] && ! is_there "$certificate" && ! is_there "$key" && [[ $problem = *' is missing' ]]; then
    TLS_SERVED='' TLS_BLOCKED='' TLS_SAID='' TLS_END=0
  else
    TLS_BLOCKED=${problem:-nothing was said}
    tls_say 'certificate and key cannot be used; nginx is not started without them' "$TLS_BLOCKED"
  fi
}

# Brings what is served in line with the files; fails when nginx must not be started.
tls_refresh() {
  local certificate=${TLS_CERTIFICATE:-$NGINX_FOLDER/tls/tls.crt} key=${TLS_KEY:-$NGINX_FOLDER/tls/tls.key} fingerprint
  fingerprint=$(tls_fingerprint "$certificate" "$key")
  if [ "$fingerprint" != "$TLS_JUDGED" ] || [ -n "$TLS_BLOCKED" ]; then
    TLS_JUDGED=$fingerprint
    tls_judge "$certificate" "$key"
  fi
  [ -z "$TLS_BLOCKED" ]
}

# Says once a day that the served certificate ends soon, or has ended.
tls_look_at_end() {
  local now left
  tls_served && ((TLS_END > 0)) || return 0
  printf -v now '%(%s)T' -1
  left=$((TLS_END > now ? (TLS_END - now) / 86400 : -1))
  ((left < TLS_WARN_DAYS)) && [ "$TLS_END_SAID" != "$TLS_END $left" ] || return 0
  TLS_END_SAID="$TLS_END $left"
  if ((left < 0)); then
    log error 'the certificate has ended: browsers refuse it' until "$(utc "$TLS_END")"
  else
    log warn 'the certificate ends soon' until "$(utc "$TLS_END")" days "$left"
  fi
}

# True when nginx has to read another pair than it did.
tls_changed() {
  tls_refresh
  tls_look_at_end
  [ -n "$TLS_DUE" ]
}
