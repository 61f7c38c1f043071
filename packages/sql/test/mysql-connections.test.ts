import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { OwnConnections, PooledConnections } from '../src/mysql/connections.ts';
import { failure } from './postgres-candidate.ts';

/** Answers every statement at once, and tells what was done to it. */
class FakeConnection extends EventEmitter {
  readonly asked: string[] = [];
  readonly done: string[] = [];
  readonly stream: EventEmitter & { destroy(): void; closed: boolean } = Object.assign(new EventEmitter(), {
    closed: false,
    destroy: () => {
      this.done.push('stream destroyed');
      this.stream.emit('close');
    },
  });

  connect(callback: (error: Error | null) => void): void {
    callback(null);
  }

  query({ sql }: { sql: string }, callback: (error: Error | null, result: object) => void): void {
    this.asked.push(sql);
    callback(null, { affectedRows: 0, insertId: 0, serverStatus: 2 });
  }

  destroy(): void {
    this.done.push('destroyed');
  }

  release(): void {
    this.done.push('released');
  }

  end(): void {
    this.done.push('ended');
    queueMicrotask(() => this.stream.emit('close'));
  }
}

function ours(): { readonly made: FakeConnection[]; readonly connections: OwnConnections } {
  const made: FakeConnection[] = [];
  const connections = new OwnConnections(async () => {
    const connection = new FakeConnection();
    made.push(connection);
    return connection;
  });
  return { made, connections };
}

describe("connections of MySQL that are the store's own", () => {
  test('are set up once, and the last one used is used next', async () => {
    const { made, connections } = ours();
    const [one, other] = await Promise.all([connections.take(), connections.take()]);
    connections.giveBack(one, true);
    connections.giveBack(other, true);
    expect(await connections.take()).toBe(other);
    expect(made).toHaveLength(2);
    expect(made[0]!.asked).toEqual([
      expect.stringContaining('autocommit = 1'),
      expect.stringContaining('READ COMMITTED'),
    ]);
  });

  test('are cut off at once when they owe an answer, and the idle ones take their leave', async () => {
    const { made, connections } = ours();
    const [one, other] = await Promise.all([connections.take(), connections.take()]);
    connections.giveBack(other, true);
    connections.giveBack(one, false);
    expect(made[0]!.done).toEqual(['destroyed', 'stream destroyed']);
    expect(made[1]!.done).toEqual(['ended']);
    await connections.take();
    expect(made).toHaveLength(3);
  });

  test.for(['error', 'end'])(
    'are forgotten at their %s, which harms nobody, how often it comes',
    async (event) => {
      const { made, connections } = ours();
      connections.giveBack(await connections.take(), true);
      for (let i = 0; i < 3; i += 1) made[0]!.emit(event, new Error('lost'));
      await connections.take();
      expect(made).toHaveLength(2);
    },
  );

  test.for(['connect', 'query'] as const)(
    'do not keep anybody waiting when they end in the midst of %s',
    async (verb) => {
      const silent = Object.assign(new FakeConnection(), { [verb]: () => {} });
      const connections = new OwnConnections(async () => silent);
      const coming = connections.take();
      const refused = failure(coming);
      await new Promise(setImmediate);
      await connections.close();
      expect((await refused).message).toContain('ended before it could be used');
    },
  );

  test('that arrive after the store was closed do not stay', async () => {
    const { made, connections } = ours();
    const late = connections.take();
    await connections.close();
    connections.giveBack(await late, true);
    expect(made[0]!.done).toContain('stream destroyed');
  });
});

describe("connections of a user's pool", () => {
  const pooled = (connection: FakeConnection): PooledConnections =>
    new PooledConnections({ getConnection: (callback) => callback(null, connection) });

  test('go back as they came', async () => {
    const connection = new FakeConnection();
    const connections = pooled(connection);
    const lent = await connections.take();
    connection.emit('error', new Error('heard'));
    connections.giveBack(lent, true);
    expect(connection.done).toEqual(['released']);
    expect(connection.listenerCount('error')).toBe(0);
    await connections.close();
    expect(connection.done).toEqual(['released']);
  });

  test('that owe an answer do not go back, and their errors are heard until the end', async () => {
    const connection = new FakeConnection();
    const connections = pooled(connection);
    connections.giveBack(await connections.take(), false);
    expect(connection.done).toEqual(['destroyed', 'stream destroyed']);
    connection.emit('error', new Error('heard'));
    connection.emit('error', new Error('heard, too'));
  });
});
