import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVenue, venueOrSkip } from '../../../test/servers/venue.ts';
import type { Venue } from '../../../test/servers/venue.ts';
import { rowsOf, tenure } from './cli.ts';
import { inFile, portOfNobody } from './place.ts';

const CHECKS = ['url', 'reach', 'permission', 'token', 'latency', 'watch', 'list', 'evict', 'product'];

describe('doctor', () => {
  it('finds SQLite fit, and leaves no key behind', async () => {
    const env = await inFile();
    const { code, stdout, stderr } = await tenure(['doctor', '--json'], env);
    const rows = rowsOf(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(rows.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(rows.map(({ check }) => check)).toEqual(expect.arrayContaining([...CHECKS, 'clock']));
    expect(rows.at(-1)).toMatchObject({ check: 'verdict', exitCode: 0 });
    expect(rows.find(({ check }) => check === 'latency')).toHaveProperty('medianMs.claim');
    expect((await tenure(['leaders'], env)).stdout).toBe('');
  });

  it('says a word instead of a mark in a pipe, and the verdict at the end', async () => {
    const { stdout } = await tenure(['doctor'], await inFile());
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines.filter((text) => text !== ''))
      expect(line).toMatch(/^(?:ok {5}|warning) [A-Z/]/u);
    expect(lines.at(-1)).toContain('elections and locks work here with a TTL of 15000 ms.');
  });

  it('says what is wrong with a URL, and what to do about nobody who listens', async () => {
    const wrong = await tenure(['doctor', '--store', 'sqlite:x.db?colour=red']);
    expect(wrong.code).toBe(64);
    expect(wrong.stdout).toMatch(/^bad .*colour/u);
    const nowhere = await tenure(['doctor', '--store', `etcd://127.0.0.1:${await portOfNobody()}`]);
    expect(nowhere.code).toBe(69);
    expect(nowhere.stdout).toContain('does a firewall let us through?');
    expect(nowhere.stdout).toContain('The store cannot be reached from here');
    const short = await tenure(['doctor', '--ttl', '1s', '--store', 'etcd://127.0.0.1:1']);
    expect(short.code).toBe(64);
    expect(short.stdout).toContain('ttlMs must be between 2000 and');
  });
});

describe.skipIf(!(await venueOrSkip('etcd')))('doctor on etcd', () => {
  let venue: Venue;
  beforeAll(async () => {
    venue = await openVenue('etcd');
  });
  afterAll(() => venue.close());

  it('finds it fit, and passes on what it tells of itself', async () => {
    const { code, stdout } = await tenure(['doctor', '--json'], { TENURE_STORE: venue.url() });
    const rows = rowsOf(stdout);
    expect(rows.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(code).toBe(0);
    expect(rows.map(({ check }) => check)).toEqual(expect.arrayContaining(CHECKS));
    expect(rows.find(({ check }) => check === 'product')!['text']).toMatch(/^The server is etcd 3/u);
    const warned = rows.filter(({ level }) => level === 'warning').map(({ text }) => text);
    expect(warned.join()).toContain('There is one member only');
  });

  it('says within its patience that a store which was suspended does not answer', async () => {
    venue.cluster!.members[0]!.suspend();
    try {
      const { code, stdout } = await tenure(['doctor', '--json'], { TENURE_STORE: venue.url() });
      expect(code).toBe(69);
      expect(rowsOf(stdout).at(-1)).toMatchObject({ check: 'verdict', level: 'bad', exitCode: 69 });
    } finally {
      venue.cluster!.members[0]!.resume();
    }
  });
});
