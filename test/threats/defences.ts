/** One defence in the source, and the source without it. */
export interface Defence {
  /** The attack that comes through without it, such as `T8`. */
  readonly threat: string;
  /** Path from the top of the repository. */
  readonly file: string;
  /** Text of the defence: it occurs once in the file. */
  readonly from: string;
  readonly to: string;
}

const row = (threat: string, file: string, from: string, to = ''): Defence => ({
  threat,
  file,
  from,
  to,
});

const ACCESS = 'proxy/lua/clearway/phase_access.lua';
const CREDENTIALS = 'proxy/lua/clearway/credentials.lua';
const DECISIONS = 'proxy/lua/clearway/decisions.lua';
const HEADERS_OUT = 'proxy/lua/clearway/phase_header_filter.lua';
const LIVE = 'proxy/lua/clearway/live.lua';
const PATH = 'proxy/lua/clearway/path.lua';
const TARGET = 'proxy/lua/clearway/target.lua';
const TEMPLATE = 'templates/nginx.conf.hbs';
const LEASES = 'src/domain/port-lease.ts';

/**
 * Defences, each of which is taken out by `make test-defences`: the tests of its threat must then fail. A test that passes without
 * the defence tests something else.
 */
export const DEFENCES: readonly Defence[] = [
  // What tasks write.
  row(
    'T1',
    'src/domain/route-name.ts',
    "if (SLUG.test(name) && !name.includes('--')) return name;",
    'if (name.length > 0) return name;',
  ),
  row(
    'T1',
    'src/proxy/proxy-config.ts',
    String.raw`const PLAIN = /^[\w.:/*[\]\- ]*$/;`,
    'const PLAIN = /^/;',
  ),
  row(
    'T2',
    CREDENTIALS,
    '(name == "" or not find(text, name, 1, true))',
    '(name == "" or not find(text, name))',
  ),
  row(
    'T2',
    TARGET,
    'if suffix and sub(name, -#suffix) == suffix then',
    'if any_host and suffix then',
  ),
  row(
    'T3',
    'src/domain/route-name.ts',
    '`${id.task}--${endpointSlug(id.endpointName)}`',
    'endpointSlug(id.endpointName)',
  ),
  row(
    'T4',
    LEASES,
    'if (wish === undefined || !leasable.has(wish)) return undefined;',
    'if (wish === undefined) return undefined;',
  ),
  row(
    'T4',
    LEASES,
    'if (former !== undefined && !leased.has(former)) give(claim, former);',
    'if (former !== undefined) give(claim, former);',
  ),
  row(
    'T5',
    LEASES,
    '.filter((port) => !leased.has(port) && !rests.byPort.has(port))',
    '.filter((port) => !leased.has(port))',
  ),
  row(
    'T5',
    LEASES,
    'const certain = isContested ? { route: claim.route } : claim;',
    'const certain = isContested ? claim : claim;',
  ),
  row('T6', 'src/domain/address.ts', "  '0.0.0.0/8',\n"),
  row(
    'T6',
    'src/domain/resolve-upstream.ts',
    '  return !LOOPBACK.includes(address);',
    '  return true;',
  ),
  row(
    'T6',
    'proxy/lua/clearway/routes.lua',
    'if first == 0 and second == 0 then return bytes == LOOPBACK_V6 end',
  ),
  row('T7', ACCESS, 'if hops and is_loop(hops) then return pages.send(508) end'),
  row('T7', 'proxy/njs/tcp.js', 'if (isListener(upstream, s)) {', 'if (upstream === s) {'),
  // What clients send.
  row('T8', TEMPLATE, '      proxy_set_header X-Forwarded-User $clearway_user;\n'),
  row('T8', TEMPLATE, '      proxy_set_header X-Remote-User "";\n'),
  row('T9', TEMPLATE, '  set_real_ip_from {{this}};\n', '  set_real_ip_from 0.0.0.0/0;\n'),
  row(
    'T9',
    LIVE,
    'if not settings.trusts then return var.binary_remote_addr, var.remote_port end',
    'do return var.binary_remote_addr, var.remote_port end',
  ),
  row(
    'T10',
    ACCESS,
    'target.read(var.http_host, uri, var.host)',
    'target.read(var.http_x_forwarded_host or var.http_host, uri)',
  ),
  row('T11', TARGET, 'if host and host ~= meaning.host then return "bad" end'),
  row(
    'T11',
    TARGET,
    '  if any_host then return { host = host } end\n  return nil, "misdirected"\nend\n\n-- Meanings',
    '  do return { host = host } end\nend\n\n-- Meanings',
  ),
  row('T12', PATH, 'if not stays(sub(raw, slash)) then return "bad" end'),
  row('T12', PATH, 'return hides(raw, ON_ROUTE_HOST) and "bad" or "route"', 'return "route"'),
  row('T13', PATH, 'or find(key, "[%%;]") then return "bad" end', 'then return "bad" end'),
  row(
    'T14',
    ACCESS,
    'local entry = routes.http[key]',
    'local entry = routes.http[key] or routes.http[key:sub(1, 4)]',
  ),
  row(
    'T15',
    PATH,
    '(find(raw, "%%%X") or find(raw, "%%%x%X") or find(raw, "%%%x?$") or find(raw, "%00", 1, true)) ~= nil',
    'error("malformed")',
  ),
  row('T16', CREDENTIALS, '(name == token or is_gateways(name))', 'name == token'),
  row(
    'T16',
    ACCESS,
    'if cookies.stripped == "" then clear_header("Cookie") else set_header("Cookie", cookies.stripped) end',
  ),
  row('T17', ACCESS, 'if jar ~= cookies then clear_header("Authorization") end'),
  row(
    'T17',
    TEMPLATE,
    '"~^(?<clearway_path_only>[^?#]{0,400})"',
    '"~^(?<clearway_path_only>.{0,400})"',
  ),
  row(
    'T18',
    DECISIONS,
    'for index = 1, #jar.tried do',
    'for index = 1, math.min(1, #jar.tried) do',
  ),
  // Who signs in, and from where.
  row('T19', 'src/access/pages/sign-in.ts', 'await parts.sessions.revoke(earlier);'),
  row(
    'T19',
    'src/access/pages/form-check.ts',
    "if (!isOwnForm(request, parts.settings.router.url)) return 'foreign';",
  ),
  row(
    'T19',
    'src/access/one-time-codes.ts',
    'const isHolder = bearer.host === host && bearer.states.includes(state);',
    'const isHolder = bearer.host !== `${host}${state}`;',
  ),
  row(
    'T20',
    'src/access/return-to.ts',
    "if (url?.origin !== ANYWHERE || url.hash !== '') return undefined;",
    'if (url === null) return undefined;',
  ),
  row(
    'T20',
    'src/access/return-to.ts',
    "  if (path.startsWith('//')) return undefined;\n  const isOurs = on === 'main host' ? isMainPath(path) : isRoutePath(url.pathname);\n  return isOurs ? path : undefined;",
    '  return isRoutePath(url.pathname) || on !== undefined ? path : undefined;',
  ),
  row(
    'T21',
    ACCESS,
    'if jar and jar == cookies and origin.is_foreign(var, method) then return pages.send(403) end',
  ),
  row(
    'T21',
    'proxy/lua/clearway/origin.lua',
    'if READS[method] and not upgrade then return false end',
    'if READS[method] then return false end',
  ),
  row(
    'T22',
    ACCESS,
    'if verdict ~= "allow" then return turn_away(var, verdict) end',
    'if verdict ~= "allow" and not var.http_upgrade then return turn_away(var, verdict) end',
  ),
  row(
    'T23',
    LIVE,
    'if own == own_port and wanted[peer .. " " .. bytes] then descriptors.shut(fd) end',
  ),
  row('T23', 'proxy/lua/clearway/channel.lua', '  live.finish(http, tcp)\n'),
  row(
    'T24',
    DECISIONS,
    'format("%s %d %s %s", credential.kind, #credential.value, credential.value, route.scope)',
    'format("%s %d %s", credential.kind, #credential.value, credential.value)',
  ),
  row(
    'T24',
    DECISIONS,
    'return decision and not revocations.voids(decision, route.task) and decision or nil',
    'return decision',
  ),
  row('T24', DECISIONS, 'return verdict == "allow" and let_in or refused', 'return refused'),
  row('T25', DECISIONS, 'if answer.verdict == "allow" and not user then return nil end'),
  row(
    'T25',
    'proxy/lua/clearway/http_client.lua',
    'if answer.status ~= 200 then return nil, "status " .. answer.status end',
  ),
  row(
    'T26',
    ACCESS,
    'if not settings.authEnabled then return nil, nil, cookies_of(var.http_cookie) end',
    'if not settings.authEnabled or find(var.http_user_agent or "", "kube-probe", 1, true) then return nil, nil, cookies_of(var.http_cookie) end',
  ),
  row(
    'T27',
    TEMPLATE,
    '      proxy_set_header Upgrade $clearway_upgrade;\n',
    '      proxy_set_header Upgrade $http_upgrade;\n',
  ),
  row(
    'T27',
    TEMPLATE,
    '      proxy_set_header X-Request-ID "$clearway_proxy-$connection-$connection_requests";\n',
  ),
  row(
    'T28',
    'src/access/judge.ts',
    "if (verdicts[0] === 'refused' || verdicts.includes('unauthenticated')) {",
    "if (verdicts[0] === 'refused') {",
  ),
  row(
    'T29',
    ACCESS,
    'if verdict == "deny" then return pages.nothing() end',
    'if verdict == "deny" then return pages.send(403) end',
  ),
  row(
    'T29',
    'src/access/judge.ts',
    "if (!hasRoute || isGuest(caller)) return 'deny';",
    "if (!hasRoute) return 'deny';",
  ),
  // What is shown, kept and used up.
  row(
    'T30',
    'src/access/pages/page-renderer.ts',
    'const options = { strict: true, knownHelpersOnly: true };',
    'const options = { strict: true, knownHelpersOnly: true, noEscape: true };',
  ),
  row(
    'T30',
    'src/access/pages/page-headers.ts',
    "    'Cross-Origin-Opener-Policy': 'same-origin',\n",
  ),
  row('T31', TEMPLATE, '      proxy_hide_header NEL;\n'),
  row(
    'T31',
    HEADERS_OUT,
    'return not find(allowed, "[^%w/_~.-]") and not find(allowed, "/.", 1, true)',
    'return true',
  ),
  row('T31', HEADERS_OUT, 'if credentials.is_ours(rewrite.cookie_name(bare)) then return nil end'),
  row(
    'T32',
    CREDENTIALS,
    'local name = equals and trim(sub(pair, 1, equals - 1))',
    'local name = match(pair, "^%s*([^=]-)%s*=")',
  ),
  row('T32', TEMPLATE, '"method":"$clearway_method"', '"method":"$request_method"'),
  row('T32', ACCESS, 'local MAX_UNDER_WAY = 500', 'local MAX_UNDER_WAY = 5000'),
  row(
    'T33',
    'src/unix-socket.ts',
    'await chmod(place.path, 0o660);',
    'await chmod(place.path, 0o666);',
  ),
  row(
    'T34',
    'proxy/supervisor.d/log.sh',
    String.raw`    -e 's/\?[^" ]*/?/g' -e 's/, referrer: .*$//' \
`,
  ),
  row('T35', 'proxy/Dockerfile', "ge '1.22.1-9+deb12u7'", "ge '1.22.1-9'"),
  row(
    'T36',
    'src/domain/plan-task-routes.ts',
    'if (mark === undefined || mark.router === router.takeOver) return undefined;',
    'if (mark !== null) return undefined;',
  ),
];
