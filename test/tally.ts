import type { Reporter, TestModule } from 'vitest/node';

/** Ends every run with one plain line that counts tests, for people and for CI. */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      let broken = module.errors().length > 0;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.result().state === 'failed') broken = false;
      }
      if (broken) count.failed += 1;
    }
    const skipped = count.skipped + count.pending;
    process.once('exit', () => {
      process.stdout.write(
        `\n${count.passed} passed, ${count.failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`,
      );
    });
  }
}
