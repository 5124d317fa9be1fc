'use strict';
// mocha's spec report, closed by the one line that machines read: `N passed, N failed`.
const { Runner, reporters } = require('mocha');

module.exports = class CountReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes = 0, failures = 0 } = this.stats ?? {};
      process.stdout.write(`${passes} passed, ${failures} failed\n`);
    });
  }
};
