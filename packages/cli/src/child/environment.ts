import { withoutCredentials } from '@tenure/core/store';
import type { Settings } from '../settings.ts';

/** What the command finds in its environment besides the term's own: the store without what opens it. */
export function environmentOf({ store, namespace }: Settings): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TENURE_STORE: withoutCredentials(store),
    ...(namespace === undefined ? {} : { TENURE_NAMESPACE: namespace }),
  };
}
