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

/** Urls and ids are cut in the middle: both ends tell them apart. */
export function middle(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = Math.ceil((max - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (max - 1 - head))}`;
}

export function end(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

const numbers = new Intl.NumberFormat('en');
export const count = (n: number): string => numbers.format(n);

/** A shell's single quotes around anything. */
export function shellQuote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
