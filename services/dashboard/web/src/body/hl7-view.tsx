/*
 * An HL7 message: on the left its fields with names and values, on the right the message as
 * it was sent; what is chosen on one side is marked on the other.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { plain } from '../format/text';
import { readSearch } from '../pages/list/filter';
import { t } from '../text/en';

import { fieldPath, hl7Delimiters, observations, parseHl7, rawFields } from './hl7';
import type { Hl7Field, Hl7Segment } from './hl7';
import { ackWords, hl7Name } from './hl7-names';

function matches(path: string, name: string, wanted: string): boolean {
  const w = wanted.trim().toLowerCase();
  return w === '' || path.toLowerCase().startsWith(w) || name.toLowerCase().includes(w);
}

const valueAt = (segment: Hl7Segment | undefined, path: string): string =>
  segment?.fields.find((field) => field.path === path)?.value ?? '';

/* The acknowledgement in words. */
function Ack({ segments }: { segments: Hl7Segment[] }) {
  const msa = segments.find((segment) => segment.id === 'MSA');
  const code = valueAt(msa, 'MSA-1');
  if (!code) return null;
  const text = valueAt(msa, 'MSA-3');
  const error = segments.find((segment) => segment.id === 'ERR');
  return (
    <p class={`label ${/^[AC]A$/.test(code) ? 'good' : 'bad'}`}>
      {code}: {ackWords[code] ?? t('hl7.unknown')}
      {text && <bdi> – {plain(text)}</bdi>}
      {error && <bdi> – {plain(valueAt(error, 'ERR-8') || valueAt(error, 'ERR-7'))}</bdi>}
    </p>
  );
}

/* Results are read as a table, not field by field. */
function Observations({ segments }: { segments: Hl7Segment[] }) {
  const rows = observations(segments);
  if (rows.length < 2) return null;
  return (
    <details open>
      <summary>
        <strong>OBX</strong> {t('hl7.results', { n: String(rows.length) })}
      </summary>
      <table class="fields" aria-label={t('hl7.results', { n: String(rows.length) })}>
        <thead>
          <tr>
            {(['name', 'value', 'units', 'range', 'flag', 'state'] as const).map((name) => (
              <th key={name} scope="col">
                {t(`hl7.obx.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              <th scope="row">
                <bdi>{plain(row.name)}</bdi>
              </th>
              <td>
                <bdi class="wrap">{plain(row.value)}</bdi>
              </td>
              <td>{plain(row.units)}</td>
              <td>{plain(row.range)}</td>
              <td class={row.flag && row.flag !== 'N' ? 'bad' : ''}>{plain(row.flag)}</td>
              <td>{plain(row.state)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/* The fleet's own ids in the message lead to their log. */
function OwnLog({ path, value }: { path: string; value: string }) {
  const reading =
    path === 'MSH-10' || path === 'ZID-2' || path === 'MSA-2' ? readSearch(value) : null;
  return reading?.kind === 'log' ? (
    <a href={`/logs/${reading.value}`}>{plain(value)}</a>
  ) : (
    <bdi class="wrap">{plain(value)}</bdi>
  );
}

interface Choice {
  at: string | null; // "segment.field"
  choose: (at: string) => void;
}

function FieldRow({ field, at, choice }: { field: Hl7Field; at: string; choice: Choice }) {
  return (
    <>
      <tr class={choice.at === at ? 'open' : ''} data-at={at}>
        <th scope="row">
          <button
            type="button"
            class="plain"
            aria-pressed={choice.at === at}
            onClick={() => {
              choice.choose(at);
            }}
          >
            {field.path}
          </button>
        </th>
        <td class="quiet">{field.name}</td>
        <td>
          {field.components.length === 0 ? (
            <>
              <OwnLog path={field.path} value={field.value} />
              {field.value !== field.raw && <div class="quiet mono wrap">{plain(field.raw)}</div>}
            </>
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

function Raw({ segments, choice }: { segments: Hl7Segment[]; choice: Choice }) {
  const ref = useRef<HTMLDivElement>(null);
  const d = hl7Delimiters(segments);
  useEffect(() => {
    ref.current?.querySelector('mark')?.scrollIntoView({ block: 'nearest' });
  }, [choice.at]);
  return (
    <div class="code" tabIndex={0} role="group" aria-label={t('hl7.raw')} ref={ref}>
      {segments.map((segment, i) => (
        <div key={i} class="line">
          {rawFields(segment, d).map((part, j) => {
            const at = `${String(i)}.${String(part.n)}`;
            const text = plain(part.text);
            return (
              <span key={j}>
                {j > 0 && d.field}
                {choice.at === at ? (
                  <mark>{text}</mark>
                ) : (
                  <span
                    onClick={() => {
                      if (part.n > 0) choice.choose(at);
                    }}
                  >
                    {text}
                  </span>
                )}
              </span>
            );
          })}
        </div>
      ))}
    </div>
  );
}

function Tree(props: { segments: Hl7Segment[]; wanted: string; choice: Choice }) {
  const { segments, wanted, choice } = props;
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (choice.at)
      ref.current?.querySelector(`[data-at="${choice.at}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [choice.at]);
  return (
    <div ref={ref}>
      {segments.map((segment, i) => {
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
                    <FieldRow
                      key={field.path}
                      field={field}
                      at={`${String(i)}.${String(fieldPath(field.path))}`}
                      choice={choice}
                    />
                  ))}
                </tbody>
              </table>
            </details>
          )
        );
      })}
    </div>
  );
}

export function Hl7View({ text }: { text: string }) {
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState<string | null>(null);
  const segments = useMemo(() => parseHl7(text, hl7Name), [text]);
  const choice: Choice = { at, choose: setAt };
  return (
    <div class="hl7" dir="ltr">
      <Ack segments={segments} />
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
      <div class="hl7-sides">
        <div>
          {wanted === '' && <Observations segments={segments} />}
          <Tree segments={segments} wanted={wanted} choice={choice} />
        </div>
        <Raw segments={segments} choice={choice} />
      </div>
    </div>
  );
}
