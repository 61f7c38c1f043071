import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVenue, venueOrSkip } from '../../../test/servers/venue.ts';
import type { Venue } from '../../../test/servers/venue.ts';
import { Running } from './cli.ts';
import { inFile } from './place.ts';

describe.skipIf(!(await venueOrSkip('redis')))('observers of a store that goes away', () => {
  let venue: Venue;
  beforeAll(async () => {
    venue = await openVenue('redis');
  });
  afterAll(() => venue.close());

  it('say so on standard error, and go on when it is back', async () => {
    const env = { TENURE_STORE: venue.url() };
    const key = new Running(['observe', 'job'], env);
    const prefix = new Running(['observe', '*', '--every', '100ms'], env);
    const leader = new Running(['elect', 'job', '--id', 'one', '--ttl', '3s'], env);
    await Promise.all([leader.says(/leading/), key.says(/one/), prefix.says(/one/)]);
    await leader.signal('SIGTERM');
    await Promise.all([key.says(/nobody/), prefix.says(/nobody/)]);
    await venue.cluster!.members[0]!.kill();
    await Promise.all([key.says(/trouble/, 'stderr'), prefix.says(/trouble/, 'stderr')]);
    await venue.cluster!.members[0]!.restart();
    const next = new Running(['elect', 'job', '--id', 'two', '--ttl', '3s'], env);
    await Promise.all([next.says(/leading/), key.says(/two/), prefix.says(/two/)]);
    await prefix.says(/the store answers again/, 'stderr');
  });
});

describe('a reader that goes away', () => {
  it('ends what only tells, with no complaint', async () => {
    const env = await inFile();
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    const script = `'${process.execPath}' '${main}' observe '*' --every 50ms --for 30s | head -n 0; echo "\${PIPESTATUS[0]}"`;
    const leader = new Running(['elect', 'job'], env);
    await leader.says(/leading/);
    const { stdout, stderr } = spawnSync('bash', ['-c', script], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });
});
