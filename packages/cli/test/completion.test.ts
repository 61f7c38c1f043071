import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Running, tenure } from './cli.ts';
import type { Environment } from './cli.ts';
import { folder, inFile, portOfNobody } from './place.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const completed = async (words: readonly string[], env: Environment = {}): Promise<string[]> => {
  const { code, stdout, stderr } = await tenure(['complete', '--', ...words], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]!);
};

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell) => {
    const { code, stdout, stderr } = await tenure(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('tenure complete');
  });

  it('knows the commands, their options and those of all, and what may follow an option', async () => {
    expect(await completed(['le'])).toEqual(['leaders', ':4']);
    expect(await completed(['--store=sqlite:x', 'doc'])).toEqual(['doctor', ':4']);
    const options = await completed(['lock', 'job', '--']);
    for (const option of ['--try', '--wait', '--store', '--json']) expect(options).toContain(option);
    expect(await completed(['run', '--on-lost', ''])).toEqual(['exit', 'wait', ':4']);
    expect(await completed(['completion', 'f'])).toEqual(['fish', ':4']);
  });

  it('leaves what follows -- to the shell', async () => {
    expect(await completed(['run', 'job', '--', ''])).toEqual([':0']);
    expect(await completed(['run', 'job', '--', 'ls', '--'])).toEqual([':0']);
  });

  it('knows the keys that are held, and says nothing where no store answers', async () => {
    const env = await inFile();
    const leader = new Running(['elect', 'nightly'], env);
    await leader.says(/leading/);
    for (const command of ['run', 'lock', 'elect', 'observe', 'leaders', 'evict'])
      expect(await completed([command, 'ni'], env)).toEqual(['nightly', ':4']);
    expect(await completed(['doctor', ''], env)).toEqual([':4']);
    expect(await completed(['run', ''])).toEqual([':4']);
    const nobody = { TENURE_STORE: `redis://127.0.0.1:${await portOfNobody()}` };
    expect(await completed(['run', ''], nobody)).toEqual([':4']);
  });

  it('works in bash, and evaluates nothing that was typed', async () => {
    const env = await inFile();
    const leader = new Running(['elect', 'a:b;c'], env);
    await leader.says(/leading/);
    const path = await folder();
    const program = join(path, 'tenure');
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    await chmod(program, 0o755);
    const trap = join(path, 'trap');
    // Read twice, as by a shell that reads its start-up file again.
    const script = `
      for _ in 1 2; do source <(tenure completion bash); done
      for line in 'tenure lea' 'tenure run a:' 'tenure run $(touch ${trap}) '; do
        COMP_LINE=$line COMP_POINT=\${#line}
        _tenure_completion
        echo "\${COMPREPLY[*]}"
      done`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], {
      env: { ...process.env, ...env, PATH: `${path}:${process.env['PATH']}` },
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'leaders\nb\\;c\n\n', stderr: '' });
    expect(existsSync(trap)).toBe(false);
  });
});
