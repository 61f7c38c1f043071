import type { Json } from '@tenure/core';

/** Names and values come from whoever could write to the store: no control character of theirs reaches a terminal. */
export const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As it would be typed: text as it is, everything else as JSON. */
export const metadataText = (metadata: Json | undefined): string => {
  if (metadata === undefined) return '';
  return printable(typeof metadata === 'string' ? metadata : JSON.stringify(metadata));
};
