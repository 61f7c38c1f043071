import { EventEmitter } from 'node:events';
import { VirtualClock } from '@tenure/conformance/clock';
import { beforeEach, describe, expect, test } from 'vitest';
import type { OwnClient } from '../src/postgres/driver.ts';
import { Listening } from '../src/postgres/listening.ts';
import { payloadOf } from '../src/postgres/news.ts';
import { never } from './postgres-candidate.ts';

/** A connection that does as it is told. */
class Connection extends EventEmitter {
  readonly processID = 7;
  ended = false;
  readonly #answer: 'fails' | 'works' | 'hangs';

  constructor(answer: 'fails' | 'works' | 'hangs') {
    super();
    this.#answer = answer;
  }

  async connect(): Promise<void> {
    if (this.#answer === 'fails') throw new Error('refused');
  }

  query(): Promise<unknown> {
    return this.#answer === 'hangs'
      ? new Promise((_resolve, reject) => this.once('end', () => reject(new Error('ended'))))
      : Promise.resolve({ rows: [{ pid: 7 }], rowCount: 1 });
  }

  async end(): Promise<void> {
    this.ended = true;
    this.emit('end');
  }
}

describe('who listens', () => {
  let clock: VirtualClock;
  let made: Connection[];
  let plan: ('fails' | 'works' | 'hangs')[];
  let listening: Listening;
  let heard: string[];
  const listener = {
    hear: (news: object) => void heard.push(JSON.stringify(news)),
    missed: () => void heard.push('missed'),
  };

  beforeEach(() => {
    [clock, made, plan, heard] = [new VirtualClock(), [], [], []];
    listening = new Listening({
      make: async () => {
        const connection = new Connection(plan.shift() ?? 'works');
        made.push(connection);
        return connection as unknown as OwnClient;
      },
      channel: 'c',
      clock,
      trusted: false,
    });
  });

  test('hears what is told in its channel, and takes what it does not understand for anything', async () => {
    listening.listen(listener);
    await listening.listening(never);
    const news = { what: 'changed', key: { namespace: 'n', name: 'k' } } as const;
    made[0]!.emit('notification', { channel: 'c', payload: payloadOf(news) });
    made[0]!.emit('notification', { channel: 'other', payload: payloadOf(news) });
    made[0]!.emit('notification', { channel: 'c', payload: '' });
    expect(heard).toEqual([JSON.stringify(news), 'missed']);
  });

  test('has missed something when its connection ends, and again when it is back', async () => {
    listening.listen(listener);
    await listening.listening(never);
    expect(heard).toEqual([]);
    plan = ['fails', 'works'];
    made[0]!.emit('end');
    expect(heard).toEqual(['missed']);
    await clock.advance(300);
    expect(heard).toEqual(['missed', 'missed']);
    await clock.advance(600);
    expect(heard).toEqual(['missed', 'missed', 'missed']);
    expect(made).toHaveLength(3);
    await clock.advance(60_000);
    expect(made).toHaveLength(3);
    expect(heard).toHaveLength(3);
  });

  test('holds nobody up for longer than it takes to know that it hears nothing', async () => {
    plan = ['fails'];
    listening.listen(listener);
    await listening.listening(never);
    await listening.listening(never);
    plan = ['hangs'];
    await clock.advance(300);
    const known = listening.listening(never);
    await clock.advance(5000);
    await known;
    expect(made[1]!.ended).toBe(true);
  });

  test('leaves no connection and no alarm when nobody wants to hear, whatever it was doing', async () => {
    for (const now of ['works', 'fails', 'hangs'] as const) {
      plan = [now];
      const forget = listening.listen(listener);
      await clock.advance(0);
      forget();
      await clock.advance(0);
      expect([now, made.at(-1)!.ended, clock.alarms]).toEqual([now, true, 0]);
    }
    const before = made.length;
    listening.listen(listener);
    await listening.close();
    await clock.advance(10_000);
    expect(made.slice(before).every(({ ended }) => ended)).toBe(true);
    expect(clock.alarms).toBe(0);
  });

  test('that is begun anew while the last end is under way hears again, on one connection', async () => {
    listening.listen(listener)();
    listening.listen(listener);
    await listening.listening(never);
    await clock.advance(0);
    expect(made.filter(({ ended }) => !ended)).toHaveLength(1);
    made.at(-1)!.emit('notification', { channel: 'c', payload: '' });
    expect(heard).toEqual(['missed']);
  });
});
