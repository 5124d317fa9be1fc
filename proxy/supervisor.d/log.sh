# Log lines of the supervisor and of nginx, as JSON on stdout.

# log LEVEL MESSAGE [KEY VALUE]...
log() {
  local time line
  printf -v time '%(%Y-%m-%dT%H:%M:%SZ)T' -1
  line="{\"level\":\"$1\",\"time\":\"$time\",\"component\":\"supervisor\",\"message\":\"$2\""
  shift 2
  while (($# >= 2)); do
    line+=",\"$1\":\"$(json_text "$2")\""
    shift 2
  done
  printf '%s}\n' "$line"
}

# The text as the inside of a JSON string: escaped, without control characters, cut.
json_text() {
  local text=${1:0:2000}
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '%s' "${text//[[:cntrl:]]/ }"
}

# Turns nginx's error log into JSON lines. A router that is away is said once, by Lua, not at each attempt. Queries may hold tokens, and nginx quotes whole request lines and referrers.
nginx_errors_to_json() {
  exec sed -uE \
    -e '/connect\(\) to unix:shared\/router\.sock failed/d' \
    -e 's/\?[^" ]*/?/g' -e 's/, referrer: .*$//' \
    -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/[[:cntrl:]]/ /g' \
    -e 's#^([0-9]+)/([0-9]+)/([0-9]+) ([0-9:]+) \[([a-z]+)\] ([0-9]+)\#[0-9]+: (.*)$#{"level":"\5","time":"\1-\2-\3T\4Z","component":"nginx","pid":\6,"message":"\7"}#' \
    -e 's/^([^{].*)$/{"level":"warn","component":"nginx","message":"\1"}/'
}
