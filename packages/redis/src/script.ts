import { createHash } from 'node:crypto';
import { StoreUnavailableError } from '@tenure/core/store';

/** What is done in the server in one go, and what it is called by once the server knows it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

export function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** What a script answers is for that script alone to know; anything else is no answer. */
export function unexpected({ name }: Script, answer: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`redis: ${name}: unexpected answer ${JSON.stringify(answer)}`);
}
