import { describeStore } from '@tenure/conformance';
import { VirtualClock } from '@tenure/conformance/clock';
import { memory, MemorySpace } from '@tenure/core/memory';

const clock = new VirtualClock();
const shared = new MemorySpace({ clock });

describeStore('memory', {
  open: () => memory({ shared }),
  ttlMs: 1000,
  wait: (ms) => clock.advance(ms),
  deleteKey: (key) => shared.deleteKey(key),
  leftovers: (namespace, requestIds) => [
    ...shared.keys(namespace),
    ...shared.sessions().filter((id) => requestIds.some((request) => id.startsWith(request))),
  ],
});
