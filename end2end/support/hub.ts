/** A hub for tests: the real binary in demo mode, on a free port, with a database of its own; ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { copyFileSync, createWriteStream, existsSync } from 'node:fs';
import path from 'node:path';

export const BINARY = process.env.SHIELDWALL ?? path.resolve(import.meta.dirname, '../../target/debug/shieldwall');

export interface HubOptions {
  /** The database file; its log lies beside it. */
  database: string;
  /** Where the database is instead. */
  url?: string;
  /** Nobody pushes but the test. */
  quiet: boolean;
  /** The same port again after a stop. */
  port?: number;
  /** People reach it as `localhost`, a name that passkeys can belong to. */
  named?: boolean;
}

export class Hub {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly ended: Promise<void>,
  ) {}

  /** Starts a hub and waits until it answers. */
  static async start({ database, url, quiet, port, named }: HubOptions): Promise<Hub> {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: build it with "cargo build --bin shieldwall"`);
    const address = `127.0.0.1:${port ?? (await freePort())}`;
    const flags = ['demo', '--keep', '--listen', address, '--demo-database', url ?? `sqlite://${database}`, ...(quiet ? ['--quiet'] : [])];
    const reached = `http://${named ? address.replace('127.0.0.1', 'localhost') : address}`;
    if (named) flags.push('--public-url', reached);
    const log = createWriteStream(`${database}.log`, { flags: 'a' });
    const child = spawn(BINARY, flags, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, RUST_LOG: 'info' } });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const hub = new Hub(reached, child, ended);
    const patience = Date.now() + 180_000;
    while (!(await answers(`http://${address}/readyz`))) {
      if (child.exitCode !== null) throw new Error(`shieldwall ended with ${child.exitCode}; its log is ${database}.log`);
      if (Date.now() > patience) throw new Error(`shieldwall did not answer within three minutes; its log is ${database}.log`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return hub;
  }

  /** Asks the hub to end, and waits for it; one that has ended is left alone. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }
}

/** A second hub's database with everything that the first one's has, and the keys that belong to it. The first must have ended. */
export function copyDatabase(from: string, to: string): void {
  for (const key of ['sealing-key', 'signing-key']) copyFileSync(from.replace(/db$/, key), to.replace(/db$/, key));
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/**
 * A free port below those that the system hands out to connections: one from there can be a client's by the time the hub listens, or
 * while it is stopped to be started again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 22_528);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
