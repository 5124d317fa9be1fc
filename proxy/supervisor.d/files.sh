# The files of the run folder: what the router wants, and the includes that only this machine can tell.

WANTED_REVISION='' LISTEN_PORT=0 TCP_START=0 TCP_END=0 METRICS_PORT=0 API_PORT=0
BUSY='' WAITING_SAID=''
MODULES=/usr/lib/nginx/modules
# A connection that lost its other end without a word is noticed within about ten minutes.
KEEPALIVE='so_keepalive=5m:30s:10'

prepare_run_folder() {
  mkdir -p "$RUN/temp" "$RUN/candidate" "$RUN/previous" || return 1
  rm -f "$RUN/live" "$RUN/nginx.pid"
  ln -sfnT "$LUA" "$RUN/lua" && ln -sfnT "$NJS" "$RUN/njs" && ln -sfnT "$NGINX_FOLDER" "$RUN/shared" || return 1
  # nginx looks for njs beside the main file, as for includes.
  ln -sfnT "$NJS" "$RUN/candidate/njs" && prepare_tls || return 1
  head -c 8 /proc/sys/kernel/random/uuid >"$RUN/id" || return 1
  local pipe
  for pipe in pause access.pipe error.pipe; do
    rm -f "$RUN/$pipe"
    mkfifo -m 600 "$RUN/$pipe" || return 1
  done
  exec {PAUSE}<>"$RUN/pause"
}

# Reads proxy.env; fails while it and nginx.conf are missing, unreadable, or of different revisions.
read_wanted() {
  local first key value revision=''
  { read -r first <"$NGINX_FOLDER/nginx.conf"; } 2>/dev/null || return 1
  [ -r "$NGINX_FOLDER/proxy.env" ] || return 1
  TLS_CERTIFICATE='' TLS_KEY=''
  while IFS='=' read -r key value; do
    case $key in
      REVISION)
        [[ $value =~ ^[0-9a-f]{1,64}$ ]] && revision=$value
        ;;
      LISTEN_PORT | TCP_START | TCP_END | METRICS_PORT | API_PORT)
        [[ $value =~ ^[0-9]{1,5}$ ]] && printf -v "$key" '%d' "$((10#$value))"
        ;;
      TLS_CERTIFICATE | TLS_KEY)
        # Anything else is no path of the router's, and must not be taken for none.
        [[ $value =~ ^(/[A-Za-z0-9._-]+)*$ ]] || return 1
        printf -v "$key" '%s' "$value"
        ;;
    esac
  done <"$NGINX_FOLDER/proxy.env"
  [ -n "$revision" ] && [ "$first" = "# clearway revision $revision" ] || return 1
  WANTED_REVISION=$revision
}

has_range() {
  ((TCP_START > 0 && TCP_END >= TCP_START))
}

# listen_lines FILE RANGES OPTIONS: a listen directive for each range, v6 too where the host has it.
listen_lines() {
  local range
  for range in $2; do
    echo "listen 0.0.0.0:$range $3;"
    has_ipv6 && echo "listen [::]:$range ipv6only=on $3;"
  done >"$1"
}

# The http server's side of the listen port: plain, or TLS with HTTP/2.
write_http_listen() {
  local options="$KEEPALIVE backlog=4096"
  if tls_served; then
    listen_lines "$1" "$LISTEN_PORT" "ssl http2 $options"
    tls_lines >>"$1"
  else
    listen_lines "$1" "$LISTEN_PORT" "$options"
  fi
  name_proxy >>"$1"
}

# The id of this nginx as a variable of the server: the first half of request ids.
name_proxy() {
  echo "set \$clearway_proxy \"$(<"$RUN/id")\";"
}

write_modules() {
  local name
  for name in ndk_http_module ngx_http_lua_module ngx_stream_module ngx_stream_js_module; do
    [ -e "$MODULES/$name.so" ] && echo "load_module $MODULES/$name.so;"
  done >"$1"
}

write_stream_listen() {
  listen_lines "$1" "$(free_ranges "$TCP_START" "$TCP_END" "$BUSY")" "$KEEPALIVE"
  # A server must listen somewhere, also when every port is taken.
  [ -s "$1" ] || echo "listen unix:$RUN/closed.sock;" >"$1"
  name_proxy >>"$1"
}

# The router's admin listeners: loopback ports of the host that lead to its unix sockets.
write_admin() {
  : >"$1"
  forward_port "$1" metrics "$METRICS_PORT"
  forward_port "$1" api "$API_PORT"
}

declare -A BUSY_SAID=()
# A watch of the API may be silent for hours; a client that is gone is noticed by keepalive.
FORWARD_IDLE='proxy_timeout 1d; proxy_connect_timeout 5s;'

# forward_port FILE NAME PORT: a loopback port that leads to NAME.sock. One that is taken is left out: everything else must go on.
forward_port() {
  (($3 > 0)) || return 0
  if [ -n "$(busy_ports "$3" "$3")" ]; then
    [ "${BUSY_SAID[$2]:-}" = "$3" ] || log error "the $2 port is taken by another process" port "$3"
    BUSY_SAID[$2]=$3
    return 0
  fi
  BUSY_SAID[$2]=''
  local v6=''
  has_loopback6 && v6="listen [::1]:$3 ipv6only=on $KEEPALIVE;"
  echo "server { listen 127.0.0.1:$3 $KEEPALIVE; $v6 proxy_pass unix:shared/$2.sock; $FORWARD_IDLE }" >>"$1"
}

# Puts the candidate together in its own folder: nginx resolves includes beside the main file.
write_candidate() {
  local to=$RUN/candidate
  cp "$NGINX_FOLDER/nginx.conf" "$to/nginx.conf" || return 1
  write_modules "$to/modules.conf"
  tls_refresh || return 1
  write_http_listen "$to/http-listen.conf"
  write_admin "$to/admin.conf"
  BUSY=''
  has_range && BUSY=$(busy_ports "$TCP_START" "$TCP_END")
  write_stream_listen "$to/stream-listen.conf"
}

# True when ports of the range, or a loopback port, were freed or taken since the includes were written.
listening_changed() {
  local busy=''
  has_range && busy=$(busy_ports "$TCP_START" "$TCP_END")
  [ "$busy" = "$BUSY" ] || return 0
  write_admin "$RUN/candidate/admin.conf"
  ! cmp -s "$RUN/candidate/admin.conf" "$RUN/admin.conf"
}

CONFIGURATION='nginx.conf modules.conf http-listen.conf stream-listen.conf admin.conf'

promote_candidate() {
  local file
  for file in $CONFIGURATION; do
    [ -e "$RUN/$file" ] && cp "$RUN/$file" "$RUN/previous/$file"
    cp "$RUN/candidate/$file" "$RUN/$file.new" && mv "$RUN/$file.new" "$RUN/$file" || return 1
  done
}

restore_previous() {
  local file
  for file in $CONFIGURATION; do
    [ -e "$RUN/previous/$file" ] && cp "$RUN/previous/$file" "$RUN/$file"
  done
}
