/** The guides for moving from an older system to Tenure, and the stores' own pages, say what compiles, and quote what was tried. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guides = ['consul', 'etcd', 'sql', 'redis'].flatMap((name) => [`${name}/MIGRATING`, `${name}/README`]);

const fileOf = (guide: string): string => join(root, 'packages', `${guide}.md`);
const read = (guide: string): string => readFileSync(fileOf(guide), 'utf8');

function blocks(guide: string): { readonly title: string | undefined; readonly code: string }[] {
  return [...read(guide).matchAll(/^```ts(.*)\n([\s\S]*?)\n```$/gm)].map(([, info = '', code = '']) => ({
    title: /title="(.*)"/.exec(info)?.[1],
    code,
  }));
}

/** The complaints of the compiler about modules, with the project's own settings. */
async function complaints(modules: ReadonlyMap<string, string>): Promise<string> {
  const folder = await mkdtemp(join(root, 'test/seeds/.guides-'));
  try {
    // A snippet may end with what its reader goes on with.
    const compilerOptions = { noUnusedLocals: false };
    const settings = { extends: '../../tsconfig.json', include: ['*.ts'], compilerOptions };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    for (const [name, code] of modules) await writeFile(join(folder, name), `${code}\nexport {};\n`);
    const compiler = join(root, 'node_modules/.bin/tsc');
    return await new Promise((resolve) => {
      execFile(compiler, ['-p', folder, '--noEmit', '--pretty', 'false'], (error, stdout, stderr) => {
        resolve(error ? `${stdout}${stderr}${error.message}` : stdout);
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('every block of TypeScript compiles, and one that does not is found', async () => {
  const modules = new Map(
    guides.flatMap((guide) =>
      blocks(guide).map(
        ({ code }, index) => [`${guide.replace('/', '-')}-${index + 1}.ts`, code] as [string, string],
      ),
    ),
  );
  expect(modules.size).toBeGreaterThan(8);
  const wrong = "import { createTenure } from '@tenure/core';\ncreateTenure({ stor: 1 });";
  const found = await complaints(modules.set('wrong.ts', wrong));
  // What is wrong with the packages themselves is not for this test to say.
  const lines = found.split('\n').filter((line) => /\.guides-.*error TS/.test(line));
  expect(lines.filter((line) => !line.includes('wrong.ts'))).toEqual([]);
  expect(lines.some((line) => line.includes('wrong.ts'))).toBe(true);
});

describe.each(guides)('%s', (guide) => {
  test('quotes files as they are', () => {
    for (const { title, code } of blocks(guide)) {
      if (title !== undefined) expect(readFileSync(join(root, title), 'utf8').trim()).toBe(code);
    }
  });

  test('links only to what is there', () => {
    const links = [...read(guide).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    const dead = links.filter((link) => !existsSync(join(dirname(fileOf(guide)), link)));
    expect(dead).toEqual([]);
  });
});
