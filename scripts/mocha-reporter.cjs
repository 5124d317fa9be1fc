'use strict';
// mocha's spec report, closed by a line for each failure and the one line that machines read: `N passed, N failed`.
const { Runner, reporters } = require('mocha');

module.exports = class CountReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      failed.push(
        `failed: ${test.fullTitle()}: ${String(error?.message ?? error).split('\n', 1)[0]}`,
      );
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes = 0, failures = 0 } = this.stats ?? {};
      for (const line of failed) process.stdout.write(`${line}\n`);
      process.stdout.write(`${passes} passed, ${failures} failed\n`);
    });
  }
};
