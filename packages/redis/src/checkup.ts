/** What only Redis, Valkey or what stands in its place can tell of itself; in a Cluster, one of its servers. */
import { AccessDeniedError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import { LOST, ofDisk, ofMemory } from './durability.ts';
import type { Fields } from './durability.ts';
import { found, unseen } from './finding.ts';
import type { Site } from './site.ts';

/** @throws what any verb does when the server does not answer or refuses us; what else it forbids is a finding */
export async function checkup(site: Site, signal: AbortSignal): Promise<Checkup> {
  const { layout, line } = site;
  const slot = layout.held('tenure');
  const ask = (...command: string[]): Promise<unknown> => line.ask(command, slot, signal);
  // Every script asks for the time: who may not do that may do nothing.
  const [seconds, microseconds] = (await ask('TIME')) as readonly (string | number)[];
  const serverTimeMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  const info = await unlessForbidden(ask('INFO'));
  if (typeof info !== 'string') {
    return { product: 'Redis', serverTimeMs, findings: [unseen('Version and settings', '+info')] };
  }
  const fields: Fields = new Map(
    [...info.matchAll(/^(\w+):(.*?)\r?$/gmu)].map(([, name = '', value = '']) => [name, value]),
  );
  const settings = new Map<string, string>();
  for (const name of ['appendfsync', 'save', 'min-replicas-to-write']) {
    const value = valueIn(await unlessForbidden(ask('CONFIG', 'GET', name)), name);
    if (value !== undefined) settings.set(name, value);
  }
  const isValkey = fields.has('valkey_version');
  const version = fields.get(isValkey ? 'valkey_version' : 'redis_version') ?? '';
  return {
    product: `${isValkey ? 'Valkey' : 'Redis'} ${version}`,
    serverTimeMs,
    findings: [
      ...ofVersion(fields.get('redis_version') ?? ''),
      ...ofRole(fields, settings, site.settings.replicas),
      ...ofMode(fields, site.isCluster),
      ofMemory(fields),
      ofDisk(fields, settings),
      ...(settings.size === 0 ? [unseen('appendfsync, save and min-replicas-to-write', '+config|get')] : []),
    ],
  };
}

/** Managed servers do not know a command that they forbid. */
async function unlessForbidden(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    const { message } = error as Error;
    if (
      error instanceof AccessDeniedError ||
      /unknown (?:sub)?command|not (?:allowed|supported)/iu.test(message)
    ) {
      return undefined;
    }
    throw error;
  }
}

/** Names and values by turns, or, in a newer protocol, what has them by name. */
function valueIn(answer: unknown, name: string): string | undefined {
  if (Array.isArray(answer)) return answer[0] === name ? String(answer[1]) : undefined;
  const value: unknown =
    answer instanceof Map ? answer.get(name) : (answer as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}

function ofVersion(version: string): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 6 || (major === 6 && minor >= 2)) return [];
  return [found('bad', `Redis ${version} is too old: Tenure is made for 6.2 or later. Upgrade it.`)];
}

function ofRole(fields: Fields, settings: Fields, wanted: number): readonly Finding[] {
  if (fields.get('role') !== 'master') {
    return [
      found(
        'bad',
        'The server is a replica, which takes no writes: name the primary, or a way to it, in the URL.',
      ),
    ];
  }
  const count = Number(fields.get('connected_slaves') ?? 0);
  const least = Number(settings.get('min-replicas-to-write') ?? 0);
  const following = `${count} ${count === 1 ? 'replica follows' : 'replicas follow'}`;
  const findings: Finding[] = [];
  if (least > count) {
    findings.push(
      found(
        'bad',
        `min-replicas-to-write is ${least}, and ${following}: the server refuses every claim. Bring replicas back.`,
      ),
    );
  }
  if (wanted > count) {
    findings.push(
      found(
        'bad',
        `The option replicas is ${wanted}, and ${following}: no claim counts. Bring replicas back, or lower it.`,
      ),
    );
  } else if (count === 0) {
    findings.push(
      found(
        'warning',
        'No replica follows: while this server is down nobody can be elected or stay elected.',
      ),
    );
  } else if (wanted === 0) {
    const also =
      least === 0 ? ', and min-replicas-to-write, so that a primary that is cut off grants nothing' : '';
    findings.push(
      found(
        'warning',
        `${following}, and a claim counts before they have it: one that takes over may not know the last grants. ` +
          `${LOST} The option replicas: 1 makes that rarer (not in a Cluster)${also}.`,
      ),
    );
  } else {
    findings.push(found('good', `${following}, and a claim counts when ${wanted} of them have it.`));
  }
  return findings;
}

function ofMode(fields: Fields, isCluster: boolean): readonly Finding[] {
  const serves = fields.get('cluster_enabled') === '1';
  if (serves && !isCluster) {
    const text =
      'The server is one of a Cluster, and refuses what lies on others. Say so: cluster=true in the URL, or a Cluster client.';
    return [found('bad', text)];
  }
  return serves
    ? [found('good', 'A Cluster: all of a namespace is on one of its servers, of which one is shown here.')]
    : [];
}
