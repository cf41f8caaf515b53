import { describe, expect, it } from 'vitest';

import { fieldPath, hl7Delimiters, isHl7, observations, parseHl7, rawFields } from './hl7';
import { hl7Name } from './hl7-names';

const message = [
  'MSH|^~\\&|LIS|17|EMR|H|20261121||ORU^R01|ABC|P|2.5.1',
  'PID|1||77^^^LAB^MR||O\\T\\Neil^Ann~Alias^B||19800101|F',
  'OBX|1|NM|718-7^Hb^LN||13.5|g/dL',
  'OBX|2|ST|x||a\\F\\b\\.br\\c',
].join('\r');

const find = (path: string): string | undefined =>
  parseHl7(message, hl7Name)
    .flatMap((segment) => segment.fields)
    .find((field) => field.path === path)?.value;

describe('an HL7 message', () => {
  it('is told from other texts', () => {
    expect(isHl7(message)).toBe(true);
    expect(isHl7('MSHAPE of things')).toBe(false);
    expect(isHl7('{"a":1}')).toBe(false);
  });

  it.each([
    ['MSH-1', '|'],
    ['MSH-2', '^~\\&'],
    ['MSH-9', 'ORU^R01'],
    ['MSH-10', 'ABC'],
    ['PID-5[1]', 'O&Neil^Ann'],
    ['PID-5[2]', 'Alias^B'],
    ['OBX-5', '13.5'],
  ])('%s is %j', (path, value) => {
    expect(find(path)).toBe(value);
  });

  it('names fields and components, and numbers repeated segments', () => {
    const segments = parseHl7(message, hl7Name);
    expect(segments.map((segment) => segment.label)).toEqual(['MSH', 'PID', 'OBX', 'OBX 2']);
    const name = segments[1]?.fields.find((field) => field.path === 'PID-5[1]');
    expect(name?.name).toBe('Patient name');
    expect(name?.components[0]).toMatchObject({ name: 'Family name', value: 'O&Neil' });
  });

  it('takes the delimiters from MSH', () => {
    const other = parseHl7('MSH#*~\\&#LIS\rPID#1##7*LAB', hl7Name);
    expect(other[1]?.fields[1]?.components.map((c) => c.value)).toEqual(['7', 'LAB']);
  });

  it('decodes escapes', () => {
    const segments = parseHl7(message, hl7Name);
    expect(segments[3]?.fields.find((field) => field.path === 'OBX-5')?.value).toBe('a|b\nc');
  });

  it('keeps each field where it stands in the text', () => {
    const segments = parseHl7(message, hl7Name);
    const d = hl7Delimiters(segments);
    for (const segment of segments) {
      const parts = rawFields(segment, d);
      expect(parts.map((part) => part.text).join(d.field)).toBe(segment.raw);
      for (const field of segment.fields) {
        if (field.path === 'MSH-1') continue;
        const part = parts.find((one) => one.n === fieldPath(field.path));
        expect(part?.text).toContain(field.raw);
      }
    }
  });

  it('reads results as a table', () => {
    expect(observations(parseHl7(message, hl7Name))[0]).toMatchObject({
      name: 'Hb',
      value: '13.5',
      units: 'g/dL',
    });
  });
});
