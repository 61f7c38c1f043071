/** Plays histories and tells of each: started by `campaign.ts`. */
import { simulate } from '@tenure/conformance/simulation';
import { digestOf } from './digest.ts';

const [first = '', step = '', end = ''] = process.argv.slice(2);

// Thousands of errors are made and expected; nobody reads where.
Error.stackTraceLimit = 0;
process.once('disconnect', () => process.exit());

for (let seed = Number(first); seed < Number(end); seed += Number(step)) {
  process.send?.(digestOf(await simulate(seed)));
}
process.disconnect();
