/** What the guides tell to do while programs of an older system and of Tenure run side by side. */
import { expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { oldSystems } from './doors/old.ts';

const kinds = Object.keys(oldSystems) as (keyof typeof oldSystems)[];

test.for(kinds)(
  'on %s a door that is closed waits for the old holder, and keeps every other out',
  async (kind, { skip }) => {
    if (!(await serverOrSkip(kind))) skip('no such server here');
    const old = await oldSystems[kind]();
    try {
      expect(await old.acquire()).toBe(true);
      expect(await old.close()).toBe(false);
      await old.release();
      expect(await old.acquire()).toBe(true);
      await old.release();
      expect(await old.close()).toBe(true);
      expect(await old.close()).toBe(true);
      expect(await old.acquire()).toBe(false);
      // What a late one does to its own lock does nothing to the door.
      await old.release();
      expect(await old.acquire()).toBe(false);
    } finally {
      await old.stop();
    }
  },
);
