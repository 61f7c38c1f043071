import { expect, it, onTestFinished } from 'vitest';
import { Stage } from './stage.ts';

it('shutdown.ts: on SIGTERM what runs is finished, nothing new begins, and the next one leads without waiting for a TTL', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  // Longer than this test may take: only who is handed the key can lead.
  const start = () => stage.start('shutdown.ts', '--ttl', '10m');
  const portOf = async (pid: number): Promise<string> => {
    const [, url] = await stage.hear(new RegExp(`^${pid}: orders: (\\S+)$`, 'm'));
    return url!;
  };
  const first = start();
  const firstUrl = await portOf(first.pid);
  const [, token] = await stage.hear(/we lead, with token (\d+)/);
  const second = start();
  const secondUrl = await portOf(second.pid);
  expect((await fetch(secondUrl, { method: 'POST' })).status).toBe(503);

  const order = fetch(firstUrl, { method: 'POST' }).then(async (response) => ({
    status: response.status,
    text: await response.text(),
  }));
  await stage.hear(/order begun/);
  const ending = first.end('SIGTERM');
  expect(await order).toEqual({ status: 200, text: `placed, fence ${token}\n` });
  expect(await ending).toEqual({ code: 0, signal: null });
  await stage.hear(new RegExp(`^${second.pid}: we lead`, 'm'));

  const { said } = stage;
  const places = [
    `${first.pid}: leaving`,
    `${first.pid}: order done, token ${token}`,
    `${first.pid}: released, token ${token}`,
    `${second.pid}: we lead`,
  ].map((line) => said.indexOf(line));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  const batches = (what: string, from = 0): readonly string[] =>
    [...said.slice(from).matchAll(new RegExp(`batch (\\d+) ${what}, token ${token}`, 'g'))].map(
      ([, batch]) => batch!,
    );
  expect(batches('done')).toEqual(batches('begun'));
  expect(batches('begun', places[0])).toEqual([]);
  expect(said.slice(0, places[2])).toContain(`batch ${batches('done').at(-1)} done, token ${token}`);

  expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(stage.complaints).toBe('');
});
