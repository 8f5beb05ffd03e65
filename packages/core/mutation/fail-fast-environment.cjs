const { TestEnvironment } = require('jest-environment-node');

/** Skips what comes after the first failure: a mutant needs to be killed once. Jest bails between files only. */
module.exports = class FailFastEnvironment extends TestEnvironment {
  failed = false;

  async handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.failed = true;
    if (event.name === 'test_start' && this.failed) event.test.mode = 'skip';
  }
};
