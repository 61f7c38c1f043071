import type { Election } from '@tenure/core';
import type { Subscription } from 'rxjs';
import type { Output } from './output.ts';

/** Tell, also with `--quiet`, what an election has trouble with and tries again. */
export function tellTrouble({ key, errors }: Election, output: Output): Subscription {
  return errors.subscribe(({ code, message }) =>
    output.tell({
      event: 'trouble',
      text: `trouble, being retried: ${message}`,
      fields: { key, code, message },
      important: true,
    }),
  );
}
