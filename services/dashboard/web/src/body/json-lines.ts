/*
 * JSON for reading: text in, lines out, by a tokeniser of our own. Numbers stay as they were
 * written (JSON.parse rounds beyond 2^53), and what is no JSON is shown as it is.
 */

export type Part = { kind: 'key' | 'text' | 'number' | 'word' | 'mark' | 'raw'; text: string };

export interface Line {
  depth: number;
  parts: Part[];
  /** The index of the line that closes what this one opens; 0: opens nothing. */
  closes: number;
}

const deepest = 200;
const token =
  /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([{}[\],:]))/y;

interface Reader {
  text: string;
  at: number;
}

function next(reader: Reader): Part | null {
  token.lastIndex = reader.at;
  const match = token.exec(reader.text);
  if (!match) return null;
  reader.at = token.lastIndex;
  if (match[1] !== undefined) return { kind: 'text', text: match[1] };
  if (match[2] !== undefined) return { kind: 'number', text: match[2] };
  if (match[3] !== undefined) return { kind: 'word', text: match[3] };
  return { kind: 'mark', text: match[4] ?? '' };
}

/** null: this is no JSON (or too deep to be read by a person). */
export function jsonLines(text: string): Line[] | null {
  const reader: Reader = { text, at: 0 };
  const lines: Line[] = [];
  const open: number[] = [];
  let line: Line = { depth: 0, parts: [], closes: 0 };
  const breakLine = (): void => {
    if (line.parts.length) lines.push(line);
    line = { depth: open.length, parts: [], closes: 0 };
  };
  for (let part = next(reader); part; part = next(reader)) {
    if (part.kind !== 'mark') {
      line.parts.push(part);
    } else if (part.text === '{' || part.text === '[') {
      line.parts.push(part);
      if (open.length >= deepest) return null;
      open.push(lines.length);
      const empty = part.text === '{' ? /\s*\}/y : /\s*\]/y;
      empty.lastIndex = reader.at;
      const closed = empty.exec(text);
      if (closed) {
        reader.at = empty.lastIndex;
        open.pop();
        part.text += part.text === '{' ? '}' : ']';
      } else {
        breakLine();
      }
    } else if (part.text === '}' || part.text === ']') {
      const opener = open.pop();
      if (opener === undefined) return null;
      breakLine();
      line.depth = open.length;
      line.parts.push(part);
      const opening = lines[opener];
      if (opening) opening.closes = lines.length;
    } else if (part.text === ',') {
      line.parts.push(part);
      breakLine();
    } else {
      const key = line.parts[line.parts.length - 1];
      if (!key || key.kind !== 'text') return null;
      key.kind = 'key';
      line.parts.push({ kind: 'mark', text: ': ' });
    }
  }
  breakLine();
  if (open.length || text.slice(reader.at).trim() || lines.length === 0) return null;
  return lines;
}

/** Any other text, line by line. */
export function rawLines(text: string): Line[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((raw) => ({ depth: 0, parts: [{ kind: 'raw' as const, text: raw }], closes: 0 }));
}

export const lineText = (line: Line): string =>
  '  '.repeat(line.depth) + line.parts.map((part) => part.text).join('');
