import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext, InjectableOptions, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Term } from '@tenure/core';
import { onTestFinished } from 'vitest';
import { TenureModule } from '../src/index.ts';
import type { TenureModuleOptions } from '../src/index.ts';

type Class = new (...args: never[]) => object;
type Decorate = (target: object, name: string, descriptor: TypedPropertyDescriptor<never>) => void;

/** What `@decorator()` before a method, and `@Injectable()` before its class, compile to. */
export function decorated<T extends Class>(
  type: T,
  methods: Readonly<Record<string, Decorate | ((...args: never[]) => void)>> = {},
  options: InjectableOptions = {},
): T {
  for (const [name, decorate] of Object.entries(methods)) {
    const { prototype } = type as { readonly prototype: object };
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    (decorate as Decorate)(prototype, name, descriptor as TypedPropertyDescriptor<never>);
  }
  Injectable(options)(type);
  return type;
}

/** The URL of a database in a folder that is gone with the test. */
export async function storeUrl(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-nestjs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return `sqlite:${join(folder, 'tenure.db')}`;
}

/** What the applications of this file have logged: `error Reports.send failed …`. */
export const logged: string[] = [];
const write =
  (level: string) =>
  (message: unknown): void =>
    void logged.push(`${level} ${String(message)}`);
const logger = { log: write('log'), warn: write('warn'), error: write('error') };

/** An application, started; closed with the test. */
export async function start(
  tenure: TenureModuleOptions,
  providers: NonNullable<ModuleMetadata['providers']>,
): Promise<INestApplicationContext> {
  return startModule({ imports: [TenureModule.forRoot(tenure)], providers });
}

/** An application of that module. */
export async function startModule(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(moduleOf(metadata), { logger, abortOnError: false });
  onTestFinished(() => app.close());
  return app;
}

/** What `@Module(metadata) class {}` makes. */
export function moduleOf(metadata: ModuleMetadata): Class {
  const type = class {
    readonly metadata: ModuleMetadata = metadata;
  };
  Module(metadata)(type);
  return type;
}

/** Until its term is asked to end. */
export const work = ({ signal }: Term): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Something that is counted, and whoever waits for it to have happened so often. */
export class Tally<T> {
  readonly all: T[] = [];
  readonly #waiters = new Set<() => void>();

  add(what: T): void {
    this.all.push(what);
    for (const look of this.#waiters) look();
  }

  /** Resolves with the one that completes the count. */
  reaches(count: number): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.all.length < count) return;
        this.#waiters.delete(look);
        resolve(this.all[count - 1] as T);
      };
      this.#waiters.add(look);
      look();
    });
  }
}
