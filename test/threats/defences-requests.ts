import { row, type Defence } from './defence.ts';

const ACCESS = 'proxy/lua/clearway/phase_access.lua';
const CREDENTIALS = 'proxy/lua/clearway/credentials.lua';
const DECISIONS = 'proxy/lua/clearway/decisions.lua';
const LIVE = 'proxy/lua/clearway/live.lua';
const PATH = 'proxy/lua/clearway/path.lua';
const TARGET = 'proxy/lua/clearway/target.lua';
const TEMPLATE = 'templates/nginx.conf.hbs';
const LEASES = 'src/domain/port-lease.ts';

/** Against what tasks write and clients send. */
export const AGAINST_REQUESTS: readonly Defence[] = [
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
    'proxy/lua/clearway/rewrite.lua',
    'if sub(text, 1, #prefix) ~= prefix then return false end',
    'if not match(text, "^" .. prefix) then return false end',
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
    'if not settings.trusts then return variable_of(id, "remote_port") .. " " .. variable_of(id, "binary_remote_addr") end',
    'do return variable_of(id, "remote_port") .. " " .. variable_of(id, "binary_remote_addr") end',
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
    '    local decision = decide(jar.tried[index], route, jar.client)\n',
    '    local decision = decide(jar.tried[1], route, jar.client)\n',
  ),
  // Static routes.
  row(
    'T3',
    'src/controllers/acceptance.ts',
    'if (holder === route.metadata.name) return ACCEPTED;',
    'if (holder !== undefined) return ACCEPTED;',
  ),
  row('T12', PATH, 'if not stays(sub(raw, stop + 1)) then return "bad" end'),
  row(
    'T16',
    ACCESS,
    'if entry.open then return nil, nil, cookies end',
    'if entry.open then return nil, nil, nil end',
  ),
  row('T32', ACCESS, 'elseif entry.open then refuse_open(var, upgrade) end', 'end'),
];
