/**
 * The Debian mirror in the text of one of apt's settings files, if it names one for this release; in the order of
 * the text. Only the mirror of the release itself has the other releases too: those for security updates and for
 * other publishers' packages do not, and they have other suites than the plain code name.
 */
export function mirrorIn(settings: string, release: string): string | undefined {
  return [...fromStanzas(settings), ...fromLines(settings)].find(({ suites }) => suites.includes(release))
    ?.uri;
}

interface Source {
  readonly uri: string;
  readonly suites: string[];
}

/** The newer format (deb822): stanzas of fields, one empty line between them. */
function fromStanzas(settings: string): Source[] {
  return settings.split(/\n\s*\n/).flatMap((stanza) => {
    const lines = stanza.split('\n').filter((line) => !line.startsWith('#'));
    const text = lines.join('\n').replaceAll(/\n[ \t]+/g, ' '); // indented lines continue a field
    const words = (field: string) =>
      new RegExp(`^${field}:(.*)$`, 'im').exec(text)?.[1]?.trim().split(/\s+/) ?? [];
    if (!words('Types').includes('deb') || words('Enabled').includes('no')) return [];
    return words('URIs').map((uri) => ({ uri, suites: words('Suites') }));
  });
}

/** The older format: `deb [options] uri suite components`, one line each. */
function fromLines(settings: string): Source[] {
  return settings.split('\n').flatMap((line) => {
    const [, uri, suite] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? [];
    return uri !== undefined && suite !== undefined ? [{ uri, suites: [suite] }] : [];
  });
}
