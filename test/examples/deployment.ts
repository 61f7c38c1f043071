import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** What both kinds of deployment say about a container that runs `tenure`. */
export interface Deployed {
  readonly replicas: number;
  /** After `tenure`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What looks whether it is well, after `tenure`. */
  readonly probe: readonly string[];
  /** Between SIGTERM and SIGKILL. */
  readonly graceSeconds: number;
}

export const textOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), 'utf8');

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: object; readonly fieldRef?: { readonly fieldPath: string } };
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: object };
    readonly strategy: { readonly type: string; readonly rollingUpdate: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly automountServiceAccountToken: boolean;
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly env: readonly Variable[];
          readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
          readonly lifecycle?: object;
        }[];
      };
    };
  };
}

export const manifest = parse(textOf('kubernetes.yaml')) as Manifest;

/** The pod is called `pod-1`: Kubernetes puts variables in where `$(NAME)` stands. */
export function kubernetes(): Deployed {
  const { replicas, template } = manifest.spec;
  const { containers, terminationGracePeriodSeconds } = template.spec;
  const { command, env, readinessProbe } = containers[0]!;
  const values = env.map(({ name, value, valueFrom }): [string, string | undefined] => [
    name,
    valueFrom?.fieldRef?.fieldPath === 'metadata.name' ? 'pod-1' : value,
  ]);
  const known = Object.fromEntries(
    values.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    replicas,
    args: afterTenure(command, ['tenure']).map((arg) =>
      arg.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => known[name] ?? whole),
    ),
    env: known,
    probe: afterTenure(readinessProbe.exec.command, ['tenure']),
    graceSeconds: terminationGracePeriodSeconds,
  };
}

export interface Composed {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Service {
  readonly command: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly init?: boolean;
  readonly stop_grace_period?: string;
  readonly volumes: readonly string[];
}

export const composed = parse(textOf('compose.yaml')) as Composed;

export function compose(): Deployed {
  const { command, deploy, environment, healthcheck, stop_grace_period } = composed.services['worker']!;
  const main = ['node', '/tenure/packages/cli/dist/main.js'];
  return {
    replicas: deploy!.replicas,
    args: afterTenure(command, main),
    env: environment!,
    probe: afterTenure(healthcheck.test, ['CMD', ...main]),
    graceSeconds: seconds(stop_grace_period),
  };
}

function afterTenure(command: readonly string[], tenure: readonly string[]): readonly string[] {
  const begin = command.slice(0, tenure.length);
  if (begin.join(' ') !== tenure.join(' '))
    throw new Error(`${command.join(' ')} does not begin with ${tenure.join(' ')}`);
  return command.slice(tenure.length);
}

/** Of `--ttl=15s` among arguments, or of a duration by itself. */
export function seconds(text: string | undefined): number {
  const [, count] = /^(?:--\w+=)?(\d+)s$/.exec(text ?? '') ?? [];
  if (count === undefined) throw new Error(`${text} is no duration in seconds`);
  return Number(count);
}
