import fc from 'fast-check';

// `make test-long` tries every property twenty times as often as `make test` does.
if (process.env['CLEARWAY_LONG'] === '1') fc.configureGlobal({ numRuns: 2_000 });
