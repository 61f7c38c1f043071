import type { Finding } from '@tenure/core/store';

export const found = (level: Finding['level'], text: string): Finding => ({ level, text });

/** `rule` is what a user's permissions would have to name. */
export const unseen = (what: string, rule: string): Finding =>
  found(
    'warning',
    `${what} cannot be seen: the server or the user's permissions forbid it (${rule} would show it).`,
  );
