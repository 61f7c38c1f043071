import { migrate } from '../src/mysql.ts';

const [url] = process.argv.slice(2);
await migrate({ url: url! });
