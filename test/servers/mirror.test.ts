import { describe, expect, test } from 'vitest';
import { mirrorIn } from './mirror.ts';

describe('the Debian mirror', () => {
  test("is found in apt's stanzas, and is not the one for security updates", () => {
    const settings = `Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security

# Types: deb
Types: deb deb-src
# a comment
URIs: http://two.example/debian
Suites: bookworm
 bookworm-updates
Components: main`;
    expect(mirrorIn(settings, 'bookworm')).toBe('http://two.example/debian');
    expect(mirrorIn(settings, 'trixie')).toBeUndefined();
  });

  test("is found in apt's lines", () => {
    const settings = `# deb http://zero.example/debian bookworm main
deb-src http://one.example/debian bookworm main
deb [arch=amd64 signed-by=/a] http://two.example/debian-security bookworm-security main
deb [arch=amd64] http://three.example/debian bookworm main contrib`;
    expect(mirrorIn(settings, 'bookworm')).toBe('http://three.example/debian');
  });
});
