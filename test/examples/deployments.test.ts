import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaults } from '@tenure/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Invocation } from '../command/invocation.ts';
import { until } from '../servers/until.ts';
import { compose, composed, kubernetes, manifest, seconds, textOf } from './deployment.ts';
import type { Deployed } from './deployment.ts';

/** What a store that is slow to answer may take to hear of a release. */
const RELEASE_SECONDS = 5;

/** Instead of the program: it tells what it found. */
const PROGRAM = `trap 'exit 0' TERM; echo "$TENURE_KEY $TENURE_NAMESPACE $TENURE_TOKEN $TENURE_CANDIDATE ready"; while :; do sleep 0.05; done`;

const deployments: readonly (readonly [string, Deployed])[] = [
  ['kubernetes.yaml', kubernetes()],
  ['compose.yaml', compose()],
];

describe.each(deployments)('%s', (_name, { replicas, args, env, probe, graceSeconds }) => {
  const program = args.indexOf('--');

  it('gives the program its time, and tenure the time to release the key, before it is killed', () => {
    const option = (name: string): string | undefined => args.find((arg) => arg.startsWith(`--${name}=`));
    const grace = seconds(option('grace'));
    expect(graceSeconds).toBeGreaterThanOrEqual(grace + RELEASE_SECONDS);
    expect(grace * 2).toBeLessThanOrEqual(seconds(option('ttl') ?? `${defaults.ttlMs / 1000}s`));
    expect(replicas).toBe(3);
  });

  it('starts what its command line says: it leads, its probe is well, and it ends on SIGTERM', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tenure-deployment-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const environment = { ...env, TENURE_STORE: `sqlite:${join(folder, 'tenure.db')}` };
    const start = (arguments_: readonly string[]): Invocation => {
      const invocation = new Invocation(arguments_, { env: environment });
      onTestFinished(async () => void (await invocation.end('SIGKILL')));
      return invocation;
    };
    expect(program).toBeGreaterThan(0);
    const tenure = start([...args.slice(0, program), '--', 'sh', '-c', PROGRAM, ...args.slice(program + 1)]);
    const { candidate, token } = await tenure.next('acquired');
    const told = `${args[1]} billing ${String(token)} ${String(candidate)} ready\n`;
    await until('the program runs', async () => tenure.output === told || undefined);

    const look = start(probe);
    expect(await look.ending).toEqual({ code: 0, signal: null });
    expect(JSON.parse(look.output)).toMatchObject({ key: args[1], leader: candidate, token });
    expect(await tenure.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('kubernetes.yaml', () => {
  const { spec } = manifest;
  const pod = spec.template.spec;
  const [container] = pod.containers;

  it('is a Deployment whose rollout has a new pod stand before an old one goes', () => {
    expect(manifest).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
    expect(spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  });

  it('takes the store from the Secret that it says how to make, and needs no permission', () => {
    const variable = container?.env.find(({ name }) => name === 'TENURE_STORE');
    expect(variable?.valueFrom?.secretKeyRef).toEqual({ name: 'tenure', key: 'store' });
    expect(textOf('kubernetes.yaml')).toContain('kubectl create secret generic tenure --from-literal=store=');
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container?.lifecycle).toBeUndefined();
  });

  it('names candidates by their pods', () => {
    expect(kubernetes().args).toContain('--id=pod-1');
  });
});

describe('compose.yaml', () => {
  it('starts workers when the store is well, under a process 1 that passes signals on', () => {
    const worker = composed.services['worker']!;
    expect(worker.depends_on).toEqual({ redis: { condition: 'service_healthy' } });
    expect(worker.init).toBe(true);
    expect(worker.environment?.['TENURE_STORE']).toBe('redis://redis:6379');
    const mounted = Object.values(composed.services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.split(':')[0]!),
    );
    expect(mounted.filter((volume) => volume !== '..').toSorted()).toEqual(
      Object.keys(composed.volumes).toSorted(),
    );
  });
});
