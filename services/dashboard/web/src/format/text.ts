/* Texts of strangers, made fit to be shown. Always rendered as text nodes. */

const bidi = /[\u202a-\u202e\u2066-\u2069]/g;
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/** Direction controls can spoof what is read, others cannot be read: they are shown, not obeyed. */
export function plain(text: unknown): string {
  if (text === null || text === undefined) return '';
  return String(text)
    .replace(bidi, (c) => `␣U+${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(control, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)));
}

/* A cut never parts the two halves of a character beyond the 16-bit ones. */
const head = (text: string, n: number): string => text.slice(0, n).replace(/[\ud800-\udbff]$/, '');
const tail = (text: string, n: number): string =>
  text.slice(text.length - n).replace(/^[\udc00-\udfff]/, '');

/** Urls and ids are cut in the middle: both ends tell them apart. */
export function middle(text: string, max: number): string {
  if (text.length <= max) return text;
  const first = Math.ceil((max - 1) / 2);
  return `${head(text, first)}…${tail(text, max - 1 - first)}`;
}

export function end(text: string, max: number): string {
  return text.length <= max ? text : `${head(text, max - 1)}…`;
}

const numbers = new Intl.NumberFormat('en');
export const count = (n: number): string => numbers.format(n);

/** A shell's single quotes around anything. */
export function shellQuote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
