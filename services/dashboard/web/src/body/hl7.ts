/* An HL7 v2 message as a tree: segment, repetition of a field, component. Delimiters from MSH. */

export interface Hl7Component {
  path: string;
  name: string;
  value: string;
  raw: string;
}

export interface Hl7Field {
  path: string;
  name: string;
  value: string;
  raw: string;
  components: Hl7Component[];
}

export interface Hl7Segment {
  id: string;
  label: string;
  raw: string;
  fields: Hl7Field[];
}

type Names = (segment: string, field: number, component: number) => string;

export function isHl7(text: string): boolean {
  return /^\s*MSH[^A-Za-z0-9\s]/.test(text);
}

interface Delimiters {
  field: string;
  component: string;
  repetition: string;
  escape: string;
  sub: string;
}

function delimiters(header: string): Delimiters {
  return {
    field: header[3] ?? '|',
    component: header[4] ?? '^',
    repetition: header[5] ?? '~',
    escape: header[6] ?? '\\',
    sub: header[7] ?? '&',
  };
}

export function unescapeHl7(text: string, d: Delimiters): string {
  const parts = text.split(d.escape);
  if (parts.length < 3) return text;
  const marks: Record<string, string> = {
    F: d.field,
    S: d.component,
    R: d.repetition,
    E: d.escape,
    T: d.sub,
    '.br': '\n',
  };
  let out = parts[0] ?? '';
  for (let i = 1; i < parts.length; i += 2) {
    const code = parts[i] ?? '';
    const known = marks[code];
    out += known ?? (i + 1 < parts.length ? d.escape + code + d.escape : d.escape + code);
    out += parts[i + 1] ?? '';
  }
  return out;
}

function components(
  id: string,
  n: number,
  raw: string,
  d: Delimiters,
  names: Names,
): Hl7Component[] {
  const parts = raw.split(d.component);
  if (parts.length < 2) return [];
  return parts
    .map((part, i) => ({
      path: `${id}-${String(n)}.${String(i + 1)}`,
      name: names(id, n, i + 1),
      value: unescapeHl7(part, d),
      raw: part,
    }))
    .filter((component) => component.raw !== '');
}

function fieldsOf(id: string, n: number, text: string, d: Delimiters, names: Names): Hl7Field[] {
  const repetitions = id === 'MSH' && n === 2 ? [text] : text.split(d.repetition);
  return repetitions.map((raw, i) => ({
    path: `${id}-${String(n)}${repetitions.length > 1 ? `[${String(i + 1)}]` : ''}`,
    name: names(id, n, 0),
    value: id === 'MSH' && n === 2 ? raw : unescapeHl7(raw, d),
    raw,
    components: id === 'MSH' && n === 2 ? [] : components(id, n, raw, d, names),
  }));
}

/** Empty fields are left out. */
export function parseHl7(text: string, names: Names): Hl7Segment[] {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  const d = delimiters(lines.find((line) => line.startsWith('MSH')) ?? 'MSH|^~\\&');
  const seen = new Map<string, number>();
  return lines.map((raw) => {
    const parts = raw.split(d.field);
    const id = (parts[0] ?? '').trim();
    const nth = (seen.get(id) ?? 0) + 1;
    seen.set(id, nth);
    const fields: Hl7Field[] = [];
    if (id === 'MSH') fields.push(...fieldsOf(id, 1, d.field, { ...d, repetition: '\0' }, names));
    parts.slice(1).forEach((part, i) => {
      if (part !== '') fields.push(...fieldsOf(id, id === 'MSH' ? i + 2 : i + 1, part, d, names));
    });
    return { id, label: nth > 1 ? `${id} ${String(nth)}` : id, raw, fields };
  });
}

export function hl7Delimiters(segments: Hl7Segment[]): Delimiters {
  return delimiters(segments.find((segment) => segment.id === 'MSH')?.raw ?? 'MSH|^~\\&');
}

/** "PID-5[2]" is field 5. */
export const fieldPath = (path: string): number => Number(/-(\d+)/.exec(path)?.[1] ?? 0);

/** The segment's text by fields, as it was sent; n: the field's number, 0 for the name. */
export function rawFields(
  segment: Hl7Segment,
  d: { field: string },
): { n: number; text: string }[] {
  const shift = segment.id === 'MSH' ? 1 : 0; // MSH-1 is the separator itself
  return segment.raw.split(d.field).map((text, i) => ({ n: i === 0 ? 0 : i + shift, text }));
}

export interface Observation {
  name: string;
  value: string;
  units: string;
  range: string;
  flag: string;
  state: string;
}

/** Each OBX as one result. */
export function observations(segments: Hl7Segment[]): Observation[] {
  const at = (segment: Hl7Segment, n: number, component = 0): string => {
    const found = segment.fields.filter((field) => fieldPath(field.path) === n);
    const part = (field: Hl7Field): string =>
      component && field.components.length
        ? (field.components.find((one) => one.path.endsWith(`.${String(component)}`))?.value ?? '')
        : field.value;
    return found.map(part).join(' ');
  };
  return segments
    .filter((segment) => segment.id === 'OBX')
    .map((segment) => ({
      name: at(segment, 3, 2) || at(segment, 3, 1),
      value: at(segment, 5),
      units: at(segment, 6, 1),
      range: at(segment, 7),
      flag: at(segment, 8),
      state: at(segment, 11),
    }));
}
