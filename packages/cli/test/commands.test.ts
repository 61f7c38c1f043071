import { describe, expect, it } from 'vitest';
import { Running, rowsOf, tenure } from './cli.ts';
import { inFile } from './place.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/u;

describe('help', () => {
  const commands = ['run', 'lock', 'elect', 'observe', 'leaders', 'evict', 'doctor', 'migrate', 'completion'];

  it.each(commands)('of %s has examples of it', async (command) => {
    const { code, stdout } = await tenure([command, '--help']);
    expect(code).toBe(0);
    const [, examples = ''] = stdout.split('Examples:');
    expect(examples).toContain(`tenure ${command}`);
    expect((await tenure(['help', command])).stdout).toBe(stdout);
  });

  it('names every command, and is what nothing at all gives', async () => {
    const { stdout } = await tenure(['--help']);
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `);
    expect((await tenure([])).stderr).toBe(stdout);
  });
});

describe('leaders', () => {
  it('is a table without colours in a pipe, also where CI is set, and an object a line with --json', async () => {
    const env = { ...(await inFile()), CI: 'true' };
    const [a, b] = [
      new Running(['elect', 'billing/a', '{"zone":"b"}', '--id', 'one'], env),
      new Running(['elect', 'other', '--id', 'two'], env),
    ];
    await Promise.all([a.says(/leading/), b.says(/leading/)]);
    const { stdout } = await tenure(['leaders'], env);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head!.split(/ +/u)).toEqual(['KEY', 'LEADER', 'TOKEN', 'SINCE', 'METADATA']);
    expect(lines.map((line) => line.split(/ +/u))).toEqual([
      ['billing/a', 'one', expect.stringMatching(/^\d+$/u), expect.stringMatching(RFC_3339), '{"zone":"b"}'],
      ['other', 'two', expect.stringMatching(/^\d+$/u), expect.stringMatching(RFC_3339)],
    ]);
    expect(rowsOf((await tenure(['leaders', 'bill', '--json'], env)).stdout)).toEqual([
      {
        key: 'billing/a',
        leader: 'one',
        token: expect.stringMatching(/^\d+$/u) as string,
        since: expect.stringMatching(RFC_3339) as string,
        metadata: { zone: 'b' },
      },
    ]);
  });

  it('says so where nothing is held', async () => {
    expect(await tenure(['leaders', 'bill'], await inFile())).toEqual({
      code: 0,
      stdout: '',
      stderr: 'tenure: nobody holds anything that begins with "bill"\n',
    });
  });

  it('lets no control character of a name or of metadata through', async () => {
    const env = await inFile();
    const sly = new Running(['elect', 'job', '"\\u001b[2Jgone"', '--id', 'me\u001b[31m'], env);
    await sly.says(/leading/);
    const { stdout } = await tenure(['leaders'], env);
    expect(stdout).toContain('me\\u001b[31m');
    expect(stdout + sly.stdout).not.toContain('\u001b');
  });
});

describe('elect', () => {
  it('waits, leads and gives up, with a line for each between tabs', async () => {
    const env = await inFile();
    const first = new Running(['elect', 'job', '--id', 'one'], env);
    await first.says(/leading/);
    const second = new Running(['elect', 'job', '--id', 'two'], env);
    await second.says(/waiting/);
    const { stdout, stderr } = await first.signal('SIGTERM');
    await second.says(/leading/);
    const stages = (text: string): string[][] =>
      text.split('\n').map((line) => line.split('\t').filter((_field, index) => [1, 2, 4].includes(index)));
    expect(stages(stdout)).toEqual([['job', 'leading', 'one'], ['job', 'released', 'released'], []]);
    expect(stages(second.stdout).slice(0, 2)).toEqual([
      ['job', 'waiting', 'one'],
      ['job', 'leading', 'two'],
    ]);
    expect(stderr).toBe('');
  });

  it('is an object a line with --json, the token as text', async () => {
    const leader = new Running(['elect', 'job', '--json', '--id', 'me'], await inFile());
    await leader.says(/leading/);
    expect(rowsOf(leader.stdout)).toEqual([
      {
        time: expect.stringMatching(RFC_3339) as string,
        key: 'job',
        stage: 'leading',
        token: expect.stringMatching(/^\d+$/u) as string,
        leader: 'me',
      },
    ]);
  });
});

describe('observe', () => {
  it('follows a key: who holds it, that it was asked to let go, and that nobody holds it', async () => {
    const env = await inFile();
    const observer = new Running(['observe', 'job', '--json', '--count', '4'], env);
    await observer.says(/"leader":null/);
    const leader = new Running(['elect', 'job', 'here', '--id', 'me', '--ttl', '60s'], env);
    await observer.says(/"leader":"me"/);
    await tenure(['evict', 'job'], env);
    await observer.says(/"asked":true/);
    await leader.signal('SIGTERM');
    const { code, stdout } = await observer.ended;
    expect(code).toBe(0);
    expect(rowsOf(stdout).map(({ leader: who, metadata, asked }) => [who, metadata, asked])).toEqual([
      [null, null, false],
      ['me', 'here', false],
      ['me', 'here', true],
      [null, null, false],
    ]);
  });

  it('follows a prefix', async () => {
    const env = await inFile();
    const observer = new Running(['observe', 'billing/*', '--every', '50ms', '--count', '3'], env);
    const other = new Running(['elect', 'other'], env);
    await other.says(/leading/);
    const [a, b] = [
      new Running(['elect', 'billing/a', '--id', 'one'], env),
      new Running(['elect', 'billing/b', '--id', 'two'], env),
    ];
    await observer.says(/billing\/a.*one/u);
    await observer.says(/billing\/b.*two/u);
    await a.signal('SIGTERM');
    const { code, stdout } = await observer.ended;
    expect(code).toBe(0);
    expect(stdout).not.toContain('other');
    expect(stdout.trimEnd().split('\n').at(-1)!.split('\t').slice(1, 3)).toEqual(['billing/a', 'nobody']);
    await b.signal('SIGTERM');
  });

  it('ends after a time, too', async () => {
    const { code, stdout } = await tenure(['observe', 'job', '--for', '100ms'], await inFile());
    expect(code).toBe(0);
    expect(stdout).toMatch(/\tjob\tnobody\t/u);
  });
});

describe('evict', () => {
  it('asks, or takes with --force, and says what happens then', async () => {
    const env = await inFile();
    const leader = new Running(['elect', 'job', '--id', 'me', '--ttl', '3s'], env);
    await leader.says(/leading/);
    const asked = await tenure(['evict', 'job'], env);
    expect(asked).toMatchObject({ code: 0, stdout: '' });
    expect(asked.stderr).toContain('it lets go when its work has ended; nobody else leads before that');
    await leader.says(/lost.*evicted/u);
    const next = new Running(['elect', 'job', '--id', 'you', '--ttl', '3s'], env);
    await next.says(/leading/);
    const forced = await tenure(['evict', 'job', '--force', '--json'], env);
    expect(rowsOf(forced.stderr)).toEqual([
      {
        event: 'taken',
        key: 'job',
        leader: 'you',
        token: expect.stringMatching(/^\d+$/u) as string,
        forced: true,
      },
    ]);
    await next.says(/lost/u);
  });
});
