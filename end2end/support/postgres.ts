/** A throw-away PostgreSQL, by the script that the Rust tests use too. It ends, and its files go, with the process that started it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './hub.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../server/store/testing/src/cluster.sh');
const FOLDERS = ['18', '17', '16', '15'].map((version) => `/usr/lib/postgresql/${version}/bin`);

export class Postgres {
  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    private readonly port: number,
    private readonly guard: ChildProcess,
  ) {}

  static async start(): Promise<Postgres> {
    const bin = process.env.SHIELDWALL_TEST_POSTGRES_BIN ?? FOLDERS.find((folder) => existsSync(`${folder}/initdb`));
    if (!bin) throw new Error("PostgreSQL is missing: install Debian's package postgresql (15 or newer)");
    const port = await freePort();
    // PostgreSQL refuses to run as root. The script goes as text, because its user may not read this folder.
    const [command, ...flags] = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', 'sh'] : ['sh'];
    const env = { ...process.env, BIN: bin, PORT: String(port), OPTIONS: '-c fsync=off', LC_ALL: 'C.UTF-8' };
    const guard = spawn(command, [...flags, '-c', readFileSync(SCRIPT, 'utf8')], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], env });
    for await (const folder of createInterface(guard.stdout)) return new Postgres(bin, folder, port, guard);
    throw new Error('PostgreSQL does not start');
  }

  /** The URL of a new, empty database. */
  create(name: string): string {
    execFileSync(`${this.bin}/createdb`, ['-h', this.folder, '-p', String(this.port), '-U', 'postgres', '-T', 'template0', name], { cwd: '/' });
    return `postgres://postgres@127.0.0.1:${this.port}/${name}?sslmode=disable`;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.guard.once('exit', resolve));
    this.guard.stdin?.end();
    await ended;
  }
}
