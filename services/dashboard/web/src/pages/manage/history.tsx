/* Who changed a row, when and how; and the way back. */
import { get } from '../../api/client';
import type { HistoryEntry, Integration, Items } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { say } from '../../parts/toast';
import { t } from '../../text/en';

import { type Form, formOf } from './form';

export function History({
  row,
  onBack,
}: {
  row: Integration;
  onBack: (form: Partial<Form>) => void;
}) {
  const history = useLoad(`history ${String(row.id)} ${String(row.version)}`, (signal) =>
    get<Items<HistoryEntry>>(`integrations/${String(row.id)}/history`, {}, signal),
  );
  const back = (entry: HistoryEntry): void => {
    const before = { ...row, ...entry.before } as Integration;
    const form = formOf(null, before);
    onBack({
      url: form.url,
      headers: form.headers,
      request_type: form.request_type,
      payload_type: form.payload_type,
      template_text: form.template_text,
      details: form.details,
      is_disable: form.is_disable,
      is_batch: form.is_batch,
      is_auto_retry: form.is_auto_retry,
    });
    say(t('history.taken', { n: String(entry.version) }));
  };
  return (
    <details>
      <summary>{t('history.title')}</summary>
      {history.error !== null && <ProblemBox error={history.error} again={history.reload} />}
      <ol class="story">
        {(history.data?.items ?? []).map((entry) => (
          <li key={entry.version}>
            <p>
              {t('history.version', { n: String(entry.version) })} · {formatTime(entry.at)} ·{' '}
              {plain(entry.actor)} · {plain(entry.action)}
            </p>
            {entry.before && entry.after && (
              <DiffView before={JSON.stringify(entry.before)} after={JSON.stringify(entry.after)} />
            )}
            {entry.before && (
              <button
                type="button"
                onClick={() => {
                  back(entry);
                }}
              >
                {t('history.back')}
              </button>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}
