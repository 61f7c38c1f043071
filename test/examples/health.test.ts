import { expect, it, onTestFinished } from 'vitest';
import { until } from '../servers/until.ts';
import { Stage } from './stage.ts';

interface Health {
  readonly status: number;
  readonly role: string;
  readonly jeopardy: boolean;
  readonly leader: string | null;
  readonly token: string | null;
  readonly remainingMs: number;
  readonly idleMs: number;
}

async function ask(url: string): Promise<Health> {
  const response = await fetch(url);
  const body = (await response.json()) as Omit<Health, 'status'>;
  return { ...body, status: response.status };
}

it('health.ts: leader and followers are healthy, a leader whose work hangs is not', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  const healthOf = (nth: number): Promise<string> =>
    stage.see(`process ${nth} has a port`, (said) => said.match(/http:\S+\/health/g)?.[nth - 1]);
  const seen = (url: string, what: string, test: (health: Health) => boolean): Promise<Health> =>
    until(what, async () => {
      const health = await ask(url);
      return test(health) ? health : undefined;
    });

  const first = stage.start('health.ts', '--hang', '4', '--stuck', '1s');
  const firstUrl = await healthOf(1);
  const [, token] = await stage.hear(/step 1, fence (\d+)/);
  const leading = await seen(firstUrl, 'the first leads', ({ role }) => role === 'leader');
  expect(leading).toMatchObject({ status: 200, jeopardy: false, token });
  expect(leading.leader).toContain(`:${first.pid}:`);
  expect(leading.remainingMs).toBeGreaterThan(0);

  const second = stage.start('health.ts');
  const secondUrl = await healthOf(2);
  const following = await seen(secondUrl, 'the second follows', ({ role }) => role === 'follower');
  expect(following).toMatchObject({ status: 200, leader: leading.leader, token, remainingMs: 0, idleMs: 0 });

  const stuck = await seen(firstUrl, 'the work hangs', ({ status }) => status !== 200);
  expect(stuck).toMatchObject({ status: 503, role: 'leader', token });
  expect(stuck.idleMs).toBeGreaterThan(1000);
  expect(await ask(secondUrl)).toMatchObject({ status: 200, role: 'follower' });

  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const next = await seen(secondUrl, 'the second leads', ({ role }) => role === 'leader');
  expect(next.status).toBe(200);
  expect(BigInt(next.token!) > BigInt(token!)).toBe(true);
  expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(stage.complaints).toBe('');
});
