/* The attempts of a log, two of them beside each other with their differences marked. */
import { useState } from 'preact/hooks';

import type { Exchange, Log, Retry } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { plain } from '../../format/text';
import { formatDuration, formatTime } from '../../format/time';
import { StatusMark } from '../../parts/status';
import { t } from '../../text/en';

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

export function Attempts({ log, retries }: { log: Log; retries: Retry[] }) {
  const all = numbered(log, retries);
  const last = all.length - 1;
  const [left, setLeft] = useState(Math.max(0, last - 1));
  const [right, setRight] = useState(last);
  const [part, setPart] = useState<'request_body' | 'response_body'>('request_body');
  const a = all[left]?.exchange;
  const b = all[right]?.exchange;
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
              <td>{formatTime(exchange.updated_at)}</td>
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
                  setPart(event.currentTarget.value as typeof part);
                }}
              >
                <option value="request_body">{t('tab.request')}</option>
                <option value="response_body">{t('tab.response')}</option>
              </select>
            </label>
          </div>
          {a?.[part] && b?.[part] ? (
            <DiffView before={a[part]} after={b[part]} />
          ) : (
            <p class="quiet">{t('diff.hidden')}</p>
          )}
        </section>
      )}
    </>
  );
}
