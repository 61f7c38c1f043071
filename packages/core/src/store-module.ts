import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError, messageOf } from './errors.ts';
import { redactUrl } from './redact-url.ts';
import type { Store } from './store.ts';

/** Where the stores of a scheme come from. */
export interface Source {
  /** A module that exports `openUrl(url: string): Store`. */
  readonly specifier: string;
  /** What npm is told to install, drivers too. */
  readonly install: string;
}

/**
 * Loads the module on demand, and asks it for the store.
 * @throws InvalidArgumentError, with what to install when something is not.
 */
export async function openFrom(source: Source, url: string): Promise<Store> {
  const { specifier, install } = source;
  const { openUrl } = (await load(source, url)) as { readonly openUrl?: unknown };
  if (typeof openUrl !== 'function') {
    throw new InvalidArgumentError(`${specifier} is too old to open URLs: npm install ${install}`);
  }
  try {
    return (await openUrl(url)) as Store;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    const { name, code, message } = error as NodeJS.ErrnoException;
    // The package may have a copy of this one of its own, whose classes are others.
    if (code === 'INVALID_ARGUMENT') throw new InvalidArgumentError(message, { cause: error });
    if (isNotFound(error)) throw broken(source, error);
    // Without message and cause: Node.js's own error for a bad URL quotes it, password and all.
    const kind = code === undefined ? name : `${name} ${code}`;
    throw new InvalidArgumentError(`${specifier} cannot open the store "${redactUrl(url)}": ${kind}`);
  }
}

/** @throws InvalidArgumentError, with what to install when something is not. */
export async function load(source: Source, url: string): Promise<object> {
  const { specifier, install } = source;
  try {
    return (await import(/* @vite-ignore */ specifier)) as object;
  } catch (error) {
    // Beside us, but something in it or below it went wrong.
    if (!isNotFound(error) || find(source, import.meta.url) !== undefined) throw broken(source, error);
  }
  // We may be part of a program that is installed globally; the project has its stores then.
  const file = find(source, projectOf());
  if (file === undefined) {
    const [name = specifier] = install.split(' ');
    throw new InvalidArgumentError(
      `the store "${redactUrl(url)}" needs the package ${name}: npm install ${install}`,
    );
  }
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object;
  } catch (error) {
    throw broken(source, error);
  }
}

/** Where the module is, seen from that file; undefined where its package is not installed. */
function find(source: Source, from: string): string | undefined {
  try {
    return createRequire(from).resolve(source.specifier);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw broken(source, error);
  }
}

function projectOf(): string {
  try {
    return join(process.cwd(), 'package.json');
  } catch {
    // The working directory is gone.
    return import.meta.url;
  }
}

function isNotFound(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

function broken({ specifier, install }: Source, error: unknown): InvalidArgumentError {
  const advice = isNotFound(error) ? `; what it needs: npm install ${install}` : '';
  return new InvalidArgumentError(`${specifier} cannot be loaded: ${messageOf(error)}${advice}`, {
    cause: error,
  });
}
