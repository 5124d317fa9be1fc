import { clip } from '../../resources/text.ts';

/** Longest text of one warning and of all, in characters (apiserver, endpoints/filters/warning.go). */
const ITEM_LIMIT = 256;
const TOTAL_LIMIT = 4096;

/** `Warning` headers for these texts (RFC 7234 section 5.5), as many as there is room for. */
export function warningHeaders(texts: readonly string[]): readonly string[] {
  let room = TOTAL_LIMIT;
  const headers: string[] = [];
  for (const text of new Set(texts)) {
    const item = clip(text, ITEM_LIMIT);
    room -= item.length;
    if (room >= 0) headers.push(`299 - ${quoted(item)}`);
  }
  return headers;
}

/** UTF-8 as it goes over the wire: Node writes header characters as bytes. */
function quoted(text: string): string {
  const printable = text.replace(/\p{Cc}/gu, '').replace(/["\\]/g, '\\$&');
  return `"${Buffer.from(printable, 'utf8').toString('latin1')}"`;
}
