import { createHash } from 'node:crypto';

/** What is done in the server in one go, and what it is called by once the server knows it. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

export function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
