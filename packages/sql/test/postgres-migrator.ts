import { migrate } from '../src/postgres.ts';

const [url] = process.argv.slice(2);
await migrate({ url: url!, schema: 'coordination' });
