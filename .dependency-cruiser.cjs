/** The layers of docs/how-it-works.md, enforced: who may import whom. */
const adapters = ['clearml', 'docker', 'kubernetes', 'proxy', 'store'];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'domain decides; it knows nothing but itself, hashes and address arithmetic',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { pathNot: '^src/domain|^(node:)?(crypto|net)$' },
    },
    {
      name: 'controllers-know-contracts-only',
      severity: 'error',
      from: { path: '^src/controllers' },
      to: {
        path: `^src/(${adapters.join('|')}|api|access|embedded|main)`,
        pathNot: '^src/store/(contract|informer)\\.ts$',
      },
    },
    ...adapters.map((adapter) => ({
      name: `${adapter}-meets-no-other-adapter`,
      severity: 'error',
      from: { path: `^src/${adapter}/` },
      to: { path: `^src/(${adapters.filter((other) => other !== adapter).join('|')})/` },
    })),
    {
      name: 'nothing-imports-main',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/main\\.ts$' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^test' },
    },
    {
      name: 'dockerode-at-home',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(docker|check)/' },
      to: { path: 'node_modules/dockerode' },
    },
    {
      name: 'sqlite-at-home',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/store/' },
      to: { path: '^node:sqlite$' },
    },
    {
      name: 'handlebars-at-home',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(proxy|access)/' },
      to: { path: 'node_modules/handlebars' },
    },
    {
      name: 'embedded-is-for-demo-and-tests',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(embedded/|main\\.ts|commands/)' },
      to: { path: '^src/embedded/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
