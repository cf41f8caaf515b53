import { useMemo, useState } from 'preact/hooks';

import { plain } from '../format/text';
import { t } from '../text/en';

import { parseHl7, type Hl7Field, type Hl7Segment } from './hl7';
import { ackWords, hl7Name } from './hl7-names';

function matches(path: string, name: string, wanted: string): boolean {
  const w = wanted.trim().toLowerCase();
  return w === '' || path.toLowerCase().startsWith(w) || name.toLowerCase().includes(w);
}

/* The acknowledgement in words. */
function Ack({ segments }: { segments: Hl7Segment[] }) {
  const msa = segments.find((segment) => segment.id === 'MSA');
  const code = msa?.fields.find((field) => field.path === 'MSA-1')?.value;
  const text = msa?.fields.find((field) => field.path === 'MSA-3')?.value;
  if (!code) return null;
  return (
    <p class="label">
      {code}: {ackWords[code] ?? t('hl7.unknown')}
      {text && <bdi> – {plain(text)}</bdi>}
    </p>
  );
}

function FieldRow({ field }: { field: Hl7Field }) {
  return (
    <>
      <tr>
        <th scope="row">{field.path}</th>
        <td class="quiet">{field.name}</td>
        <td>
          {field.components.length === 0 ? (
            <bdi class="wrap">{plain(field.value)}</bdi>
          ) : (
            <span class="mono wrap">{plain(field.raw)}</span>
          )}
        </td>
      </tr>
      {field.components.map((component) => (
        <tr key={component.path} class="component">
          <th scope="row">{component.path}</th>
          <td class="quiet">{component.name}</td>
          <td>
            <bdi class="wrap">{plain(component.value)}</bdi>
          </td>
        </tr>
      ))}
    </>
  );
}

export function Hl7View({ text }: { text: string }) {
  const [wanted, setWanted] = useState('');
  const [raw, setRaw] = useState(false);
  const segments = useMemo(() => parseHl7(text, hl7Name), [text]);
  return (
    <div class="hl7" dir="ltr">
      <Ack segments={segments} />
      <div class="list-tools">
        <label>
          {t('hl7.filter')}
          <input
            type="search"
            value={wanted}
            placeholder="OBX-5"
            onInput={(event) => {
              setWanted(event.currentTarget.value);
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={raw}
            onChange={(event) => {
              setRaw(event.currentTarget.checked);
            }}
          />
          {t('hl7.raw')}
        </label>
      </div>
      {raw ? (
        <div class="code" tabIndex={0} role="group" aria-label={t('hl7.raw')}>
          {segments.map((segment, i) => (
            <div key={i} class="line">
              {plain(segment.raw)}
            </div>
          ))}
        </div>
      ) : (
        segments.map((segment, i) => {
          const fields = segment.fields.filter((field) => matches(field.path, field.name, wanted));
          return (
            fields.length > 0 && (
              <details key={i} open>
                <summary>
                  <strong>{segment.label}</strong> {hl7Name(segment.id, 0, 0)}
                </summary>
                <table class="fields">
                  <tbody>
                    {fields.map((field) => (
                      <FieldRow key={field.path} field={field} />
                    ))}
                  </tbody>
                </table>
              </details>
            )
          );
        })
      )}
    </div>
  );
}
