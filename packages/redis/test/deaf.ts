import { unreliable } from '@tenure/conformance/network';
import { systemClock } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';

/** Messages reach it, and it hears none of them. */
export const deaf = (store: Store): Store => unreliable(store, { clock: systemClock, deaf: () => true });
