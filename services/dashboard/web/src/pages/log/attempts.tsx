/* The attempts of a log, two of them beside each other with their differences marked. */
import { useEffect, useState } from 'preact/hooks';

import type { Exchange, Log, Retry } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { plain } from '../../format/text';
import { formatDuration, formatTime } from '../../format/time';
import { StatusMark } from '../../parts/status';
import { t, type TextKey } from '../../text/en';

import { endOf, phases } from './phases';

interface Numbered {
  n: number;
  name: string;
  exchange: Exchange;
}

function numbered(log: Log, retries: Retry[]): Numbered[] {
  const first = log.first_attempt ?? (retries.length === 0 ? (log as Exchange) : null);
  return [
    ...(first ? [{ n: 0, name: t('story.first'), exchange: first }] : []),
    ...retries.map((retry) => ({
      n: retry.attempt,
      name: t('story.attempt', { n: String(retry.attempt) }),
      exchange: retry as Exchange,
    })),
  ];
}

const parts = ['request_body', 'response_body', 'request_headers', 'response_headers'] as const;
type Part = (typeof parts)[number];

const partWord: Record<Part, TextKey> = {
  request_body: 'tab.request',
  response_body: 'tab.response',
  request_headers: 'diff.request_headers',
  response_headers: 'diff.response_headers',
};

const textOf = (exchange: Exchange | undefined, part: Part): string => {
  const value = exchange?.[part];
  return typeof value === 'string' ? value : value ? JSON.stringify(value) : '';
};

/* Where the time went, the two attempts beside each other. */
function TimesBeside({ a, b }: { a: Numbered; b: Numbered }) {
  const rows = [...phases.map((name) => [t(`phase.${name}`), name] as const)].filter(
    ([, name]) => a.exchange.timing?.[name] || b.exchange.timing?.[name],
  );
  if (rows.length === 0) return null;
  return (
    <table class="fields times" aria-label={t('attempt.times')}>
      <thead>
        <tr>
          <th scope="col">{t('attempt.times')}</th>
          <th scope="col" class="numeric">
            {a.name}
          </th>
          <th scope="col" class="numeric">
            {b.name}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([word, name]) => (
          <tr key={name}>
            <th scope="row">{word}</th>
            <td class="numeric">{formatDuration(a.exchange.timing?.[name])}</td>
            <td class="numeric">{formatDuration(b.exchange.timing?.[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Attempts(props: {
  log: Log;
  retries: Retry[];
  /** Counts up with each wish for an older (-1) or newer (1) pair. */
  step: { by: number; n: number };
}) {
  const { log, retries, step } = props;
  const all = numbered(log, retries);
  const last = all.length - 1;
  const [left, setLeft] = useState(Math.max(0, last - 1));
  const [right, setRight] = useState(last);
  useEffect(() => {
    if (step.n === 0) return;
    const to = Math.min(last, Math.max(Math.min(1, last), right + step.by));
    setRight(to);
    setLeft(Math.max(0, to - 1));
  }, [step.n]);
  const [part, setPart] = useState<Part>('request_body');
  const a = all[left];
  const b = all[right];
  const before = textOf(a?.exchange, part);
  const after = textOf(b?.exchange, part);
  return (
    <>
      <table class="fields" aria-label={t('tab.attempts')}>
        <thead>
          <tr>
            <th scope="col">{t('attempt')}</th>
            <th scope="col">{t('col.status')}</th>
            <th scope="col">{t('col.date')}</th>
            <th scope="col">{t('col.code')}</th>
            <th scope="col">{t('col.time')}</th>
            <th scope="col">{t('col.error')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({ n, name, exchange }) => (
            <tr key={n}>
              <th scope="row">{name}</th>
              <td>
                <StatusMark status={exchange.status} />
              </td>
              <td>{formatTime(endOf(exchange))}</td>
              <td>{exchange.response_status_code ?? ''}</td>
              <td>{formatDuration(exchange.response_time)}</td>
              <td>
                <bdi>{plain(exchange.error_message)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > 1 && (
        <section>
          <h3>{t('diff.title')}</h3>
          <div class="list-tools">
            {(
              [
                ['diff.left', left, setLeft],
                ['diff.right', right, setRight],
              ] as const
            ).map(([label, value, set]) => (
              <label key={label}>
                {t(label)}
                <select
                  value={value}
                  onChange={(event) => {
                    set(Number(event.currentTarget.value));
                  }}
                >
                  {all.map(({ name }, i) => (
                    <option key={i} value={i}>
                      {name}
                    </option>
                  ))}
                </select>
              </label>
            ))}
            <label>
              {t('diff.part')}
              <select
                value={part}
                onChange={(event) => {
                  setPart(event.currentTarget.value as Part);
                }}
              >
                {parts.map((name) => (
                  <option key={name} value={name}>
                    {t(partWord[name])}
                  </option>
                ))}
              </select>
            </label>
          </div>
          {before && after ? (
            <DiffView before={before} after={after} />
          ) : (
            <p class="quiet">{before === after ? t('diff.both.none') : t('diff.hidden')}</p>
          )}
          {a && b && <TimesBeside a={a} b={b} />}
        </section>
      )}
    </>
  );
}
