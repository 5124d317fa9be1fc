import { row, type Defence } from './defence.ts';

const ACCESS = 'proxy/lua/clearway/phase_access.lua';
const CREDENTIALS = 'proxy/lua/clearway/credentials.lua';
const DECISIONS = 'proxy/lua/clearway/decisions.lua';
const HEADERS_OUT = 'proxy/lua/clearway/phase_header_filter.lua';
const LIVE = 'proxy/lua/clearway/live.lua';
const TEMPLATE = 'templates/nginx.conf.hbs';

const REFUSALS_APART = `local function dict_of(verdict)
  return verdict == "allow" and ngx.shared.clearway_decisions or ngx.shared.clearway_refusals
end

local function cache_of(verdict)
  return verdict == "allow" and let_in or refused
end
`;
const REFUSALS_TOGETHER = `local function dict_of() return ngx.shared.clearway_refusals end

local function cache_of() return refused end
`;

/** Against those who would be let in, shown or given what is not theirs. */
export const AGAINST_ACCESS: readonly Defence[] = [
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
  row('T20', 'src/access/return-to.ts', "  if (path.startsWith('//')) return undefined;\n"),
  row(
    'T21',
    ACCESS,
    'if jar.ambient and origin.is_foreign(var, method, upgrade, jar.ambient) then return pages.send(403) end',
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
    'if decision and revocations.voids(decision, route.task) then decision = nil end',
  ),
  row('T24', DECISIONS, REFUSALS_APART, REFUSALS_TOGETHER),
  row(
    'T25',
    'proxy/lua/clearway/asking.lua',
    'if answer.verdict == "allow" and not user then return nil end',
  ),
  row(
    'T25',
    'proxy/lua/clearway/http_client.lua',
    'if answer.status ~= 200 then return nil, "status " .. answer.status end',
  ),
  row(
    'T26',
    ACCESS,
    'if not settings.authEnabled then\n    if cookies',
    'if not settings.authEnabled or find(var.http_user_agent or "", "kube-probe", 1, true) then\n    if cookies',
  ),
  row(
    'T27',
    ACCESS,
    'if upgrade and lower(upgrade) == "websocket" and http_version() < 2 then',
    'if upgrade then',
  ),
  row(
    'T27',
    TEMPLATE,
    '    absolute_redirect off;\n',
    '    absolute_redirect off;\n    underscores_in_headers on;\n',
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
    'if status < 200 or http_version() < 1 then refuse_what_is_none(status) end',
  ),
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
    'await chmod(place.path, place.mode ?? 0o660);',
    'await chmod(place.path, place.mode ?? 0o666);',
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
  // Static routes.
  row(
    'T23',
    'proxy/lua/clearway/routes.lua',
    'if one.open and not other.open then return false end',
  ),
  row(
    'T26',
    'proxy/lua/clearway/routes.lua',
    'if entry.open == true and prefix == key then usable.open = true end',
    'if entry.open == true then usable.open = true end',
  ),
];
