import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Unit tests run from the sources; what ships (dist) is what the spawned processes of the system tests run.
const source = ['tenure-source'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  ssr: { resolve: { conditions: source, externalConditions: source } },
  resolve: { conditions: source },
  test: {
    reporters: ['default', fileURLToPath(new URL('tally.ts', import.meta.url))],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most tests wait for a server, not for a processor.
    maxWorkers: 4,
    maxConcurrency: 8,
    projects: [
      { extends: true, test: { name: 'unit', include: ['packages/*/test/**/*.test.ts'] } },
      { extends: true, test: { name: 'system', include: ['test/**/*.test.ts'] } },
    ],
  },
});
