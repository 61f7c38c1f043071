import { createHash } from 'node:crypto';
import type { News, Telling } from '../database.ts';
import { quoteText } from './dialect.ts';

/** Names longer than that PostgreSQL cuts off. */
export const MAX_NAME_BYTES = 63;
/** A notification's payload must be shorter than 8000 bytes. */
const MAX_PAYLOAD_BYTES = 7999;

/** Where those who use the same tables tell each other. */
export function channelOf(schema: string, tablePrefix: string): string {
  const name = `${schema}.${tablePrefix}news`;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  return `tenure.${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}

export function tellingIn(channel: string): Telling {
  const call = `pg_notify(${quoteText(channel)}, ?)`;
  return {
    call,
    payloadOf,
    all: (news) => ({
      text: `SELECT ${call.replace('?', 'r.news')} FROM unnest(?::text[]) AS r (news)`,
      values: [news.map(payloadOf)],
      kept: true,
    }),
  };
}

/** What does not fit says only that there is something. */
export function payloadOf(news: News): string {
  const text = JSON.stringify(
    news.what === 'changed'
      ? { namespace: news.key.namespace, name: news.key.name, ...(news.taken ? { taken: true } : {}) }
      : { session: news.sessionId },
  );
  return Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES ? text : '{}';
}

/** Undefined when it may be anything: told in a way that this version does not know. */
export function newsOf(payload: string | undefined): News | undefined {
  const told = parsed(payload);
  if (typeof told !== 'object' || told === null) return undefined;
  const { namespace, name, session, taken } = told as Readonly<Record<string, unknown>>;
  if (typeof session === 'string') return { what: 'revoked', sessionId: session };
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined;
  return { what: 'changed', key: { namespace, name }, ...(taken === true ? { taken } : {}) };
}

function parsed(payload: string | undefined): unknown {
  try {
    return JSON.parse(payload ?? '');
  } catch {
    return undefined;
  }
}
