/** Prints what failed and why, and ends with one plain line for machines: `N passed, N failed`. */
import path from 'node:path';
import type { FullConfig, FullResult, Reporter, Suite, TestCase, TestError, TestResult } from '@playwright/test/reporter';

export default class Plain implements Reporter {
  private total = 0;
  private passed = 0;
  private failed = 0;
  private broken = 0;
  private readonly terminal = process.stdout.isTTY;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.total = suite.allTests().length;
    console.log(`· ${this.total} browser tests`);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === 'skipped') return;
    const name = `${path.basename(test.location.file, '.spec.ts')}: ${test.titlePath().slice(3).join(' › ')}`;
    const seconds = (result.duration / 1_000).toFixed(1);
    if (result.status === 'passed') {
      this.passed += 1;
      if (this.terminal) process.stdout.write(`\r\x1b[K  ${this.passed + this.failed}/${this.total} ${name}`.slice(0, 110));
      else console.log(`  ok   ${name} (${seconds} s)`);
      return;
    }
    this.failed += 1;
    console.log(`${this.terminal ? '\r\x1b[K' : ''}  FAIL ${name} (${seconds} s)  ${path.basename(test.location.file)}:${test.location.line}`);
    for (const error of result.errors) console.log(indented(error));
    for (const file of result.attachments) if (file.path) console.log(`       see ${path.relative(process.cwd(), file.path)}`);
  }

  onError(error: TestError): void {
    this.broken += 1;
    console.log(indented(error));
  }

  onEnd(result: FullResult): void {
    if (this.terminal) process.stdout.write('\r\x1b[K');
    // What never ran did not pass.
    const missing = Math.max(this.total - this.passed - this.failed, 0);
    if (result.status !== 'passed') console.log(`· the run ended as "${result.status}"${missing ? `, ${missing} tests did not run` : ''}`);
    console.log(`${this.passed} passed, ${this.failed + missing + this.broken} failed`);
  }
}

function indented(error: TestError): string {
  return (error.stack ?? error.message ?? String(error.value)).split('\n').slice(0, 40).map((line) => `       ${line}`).join('\n');
}
