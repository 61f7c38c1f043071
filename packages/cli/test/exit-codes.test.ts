import { chmod, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Operator } from '../../sql/test/postgres-operator.ts';
import { openVenue, venueOrSkip } from '../../../test/servers/venue.ts';
import type { Venue } from '../../../test/servers/venue.ts';
import { exitCodes } from '../src/exit-codes.ts';
import { Running, tenure } from './cli.ts';
import { folder, inFile, portOfNobody } from './place.ts';

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

describe('the exit code', () => {
  it('is 0 when all went well', async () => {
    const env = await inFile();
    expect((await tenure(['lock', 'job', ...sh('true')], env)).code).toBe(0);
    expect((await tenure(['run', 'job', ...sh('true')], env)).code).toBe(0);
    expect((await tenure(['leaders'], env)).code).toBe(0);
    expect((await tenure(['--version'])).code).toBe(0);
    expect((await tenure(['help', 'evict'])).code).toBe(0);
  });

  it("is the command's own", async () => {
    const env = await inFile();
    expect((await tenure(['lock', 'job', ...sh('exit 3')], env)).code).toBe(3);
    expect((await tenure(['run', 'job', ...sh('exit 3')], env)).code).toBe(3);
  });

  it('is 1 when there is nobody to evict', async () => {
    const { code, stderr } = await tenure(['evict', 'job'], await inFile());
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'tenure: nobody holds "job"\n' });
  });

  it('is 64 for a command line that makes no sense', async () => {
    const env = await inFile();
    const wrong: (readonly [readonly string[], string, typeof env])[] = [
      [['leaders'], 'which store?', {}],
      [['leaders', '--colour'], "unknown option '--colour'", env],
      [['leders'], 'Did you mean leaders?', env],
      [['leaders', '--ttl', 'soon'], '--ttl is a duration such as 500ms, 10s or 2m, got "soon"', env],
      [['observe', 'job', '--count', '0'], '--count is a whole number of lines, at least 1, got "0"', env],
      [['leaders', '--store', 'nosuch://me:HUSH@host'], 'no store has URLs like "nosuch://***@host"', env],
      [['evict', ''], 'evict needs the key', env],
      [[], 'Usage: tenure', env],
    ];
    for (const [args, message, environment] of wrong) {
      const { code, stderr, stdout } = await tenure(args, environment);
      expect(stderr).toContain(message);
      expect({ args, code, stdout }).toEqual({ args, code: 64, stdout: '' });
    }
  });

  it('is 69 when nobody listens there', async () => {
    const url = `127.0.0.1:${await portOfNobody()}`;
    for (const scheme of ['etcd', 'redis', 'postgres']) {
      const env = { TENURE_STORE: `${scheme}://${url}${scheme === 'postgres' ? '/x' : ''}` };
      for (const args of [['leaders'], ['observe', 'job'], ['evict', 'job'], ['doctor']]) {
        const { code, stdout, stderr } = await tenure(args, env);
        expect({ scheme, args, code }).toEqual({ scheme, args, code: 69 });
        expect(stdout + stderr).toContain('ECONNREFUSED');
      }
      const { code } = await tenure(['lock', 'job', '--try', ...sh('true')], env);
      expect({ scheme, code }).toEqual({ scheme, code: 69 });
    }
  });

  it('is 75, or another, when somebody else holds the lock', async () => {
    const env = await inFile();
    const holder = new Running(['elect', 'job'], env);
    await holder.says(/leading/);
    expect((await tenure(['lock', 'job', '--try', ...sh('true')], env)).code).toBe(75);
    expect((await tenure(['lock', 'job', '--wait', '200ms', ...sh('true')], env)).code).toBe(75);
    expect((await tenure(['lock', 'job', '--try', '-E', '9', ...sh('true')], env)).code).toBe(9);
  });

  it('is 76 when the key was lost meanwhile', async () => {
    const env = await inFile();
    const lasting = sh('echo at work; exec sleep 60');
    const runs = [
      ['lock', 'job', '--ttl', '3s', ...lasting],
      ['run', 'job', '--ttl', '3s', '--on-lost', 'exit', ...lasting],
    ];
    for (const args of runs) {
      const running = new Running(args, env);
      await running.says(/at work/);
      expect((await tenure(['evict', 'job'], env)).code).toBe(0);
      expect({ args, code: (await running.ended).code }).toEqual({ args, code: 76 });
    }
    const once = new Running(['elect', 'job', '--ttl', '3s', '--once'], env);
    await once.says(/leading/);
    await tenure(['evict', 'job', '--force'], env);
    expect((await once.ended).code).toBe(76);
  });

  it('is 126 for what cannot be executed, and 127 for what is not there', async () => {
    const env = await inFile();
    const path = await folder();
    const file = join(path, 'script');
    await writeFile(file, '#!/bin/sh\n');
    await chmod(file, 0o644);
    for (const command of ['run', 'lock']) {
      expect((await tenure([command, 'job', '--', file], env)).code).toBe(126);
      expect((await tenure([command, 'job', '--', path], env)).code).toBe(126);
      expect((await tenure([command, 'job', '--', join(path, 'nothing')], env)).code).toBe(127);
      expect((await tenure([command, 'job', '--', 'no-such-command-here'], env)).code).toBe(127);
    }
  });

  it('is 128 and the number of the signal, when one ended the waiting or the command', async () => {
    const env = await inFile();
    const holder = new Running(['elect', 'job'], env);
    await holder.says(/leading/);
    const waiting = [
      new Running(['run', 'job', ...sh('true')], env),
      new Running(['elect', 'job'], env),
      new Running(['observe', 'job'], env),
    ];
    await waiting[0]!.says(/waiting/, 'stderr');
    await waiting[1]!.says(/waiting/);
    await waiting[2]!.says(/job/);
    for (const each of waiting) expect((await each.signal('SIGTERM')).code).toBe(143);
    expect((await holder.signal('SIGINT')).code).toBe(130);
    for (const command of ['run', 'lock']) {
      const running = new Running([command, 'job', ...sh('echo at work; exec sleep 60')], env);
      await running.says(/at work/);
      expect((await running.signal('SIGTERM')).code).toBe(143);
    }
  });
});

describe.skipIf(!(await venueOrSkip('postgres')))('the exit code on PostgreSQL', () => {
  let venue: Venue;
  beforeAll(async () => {
    venue = await openVenue('postgres');
  });
  afterAll(() => venue.close());

  it('is 77 for a user who may not', async () => {
    const operator = new Operator(venue.url());
    await operator.ask('CREATE ROLE poor LOGIN');
    await operator.close();
    const theirs = new URL(venue.url());
    theirs.username = 'poor';
    const env = { TENURE_STORE: theirs.href };
    const commands = [
      ['leaders'],
      ['observe', 'job'],
      ['evict', 'job'],
      ['doctor'],
      ['elect', 'job'],
      ['run', 'job', ...sh('true')],
      ['lock', 'job', '--try', ...sh('true')],
    ];
    for (const args of commands) {
      const { code, stdout, stderr } = await tenure(args, env);
      expect({ args, code, said: stdout + stderr }).toEqual({
        args,
        code: 77,
        said: expect.stringContaining('permission denied') as string,
      });
    }
  });
});

describe("the README's table of exit codes", () => {
  it('has every code, and no other', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| (?<code>\d+) +\| `(?<name>\w+)` +\|/gmu)];
    const told = rows.map(({ groups }) => [groups!['name'], Number(groups!['code'])]);
    expect(Object.fromEntries(told)).toEqual(exitCodes);
  });
});
