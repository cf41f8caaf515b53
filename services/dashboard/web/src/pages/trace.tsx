/* Everything of a bill, patient or order, over all partners, as one time line. */
import { get } from '../api/client';
import type { Trace } from '../api/types';
import { plain } from '../format/text';
import { formatDuration, formatTime } from '../format/time';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { StatusMark } from '../parts/status';
import { address } from '../state/route';
import { t, type TextKey } from '../text/en';

const gapMs = 60_000;

type Item = Trace['items'][number];

function Node({ item }: { item: Item }) {
  if (item.kind === 'activity')
    return (
      <p>
        {t('trace.activity')}: <bdi>{plain(item.activity?.note)}</bdi>{' '}
        <span class="quiet">{plain(item.activity?.source)}</span>
      </p>
    );
  if (item.kind === 'retry')
    return (
      <p>
        <StatusMark status={item.retry?.status ?? ''} />{' '}
        {t('story.attempt', { n: String(item.retry?.attempt ?? '') })}{' '}
        {item.retry?.log_id && (
          <a class="mono" href={`/logs/${item.retry.log_id}`}>
            {item.retry.log_id}
          </a>
        )}
      </p>
    );
  const log = item.log;
  if (!log) return null;
  return (
    <p>
      <StatusMark status={log.status} /> {log.integration_type === 'API' ? '← ' : '→ '}
      <a href={`/logs/${log.log_id}`}>{plain(log.operation)}</a>{' '}
      <bdi>{plain(log.developer_name)}</bdi>{' '}
      {log.error_message && (
        <span class="bad">
          <bdi>{plain(log.error_message)}</bdi>
        </span>
      )}
    </p>
  );
}

function gap(before: Item | undefined, item: Item): string {
  if (!before) return '';
  const ms = Date.parse(item.at) - Date.parse(before.at);
  if (ms < gapMs) return '';
  const minutes = Math.round(ms / 60_000);
  return minutes < 120
    ? `${String(minutes)} min`
    : minutes < 2880
      ? `${String(Math.round(minutes / 60))} h`
      : formatDuration(ms);
}

export function TracePage({ kind, id }: { kind: string; id: string }) {
  const lab = address.value.query['lab'] ?? '';
  const trace = useLoad(`${kind} ${id} ${lab}`, (signal) =>
    get<Trace>(
      `trace/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`,
      { lab_id: lab },
      signal,
    ),
  );
  const patient = trace.data?.items.find((item) => item.log?.patient_id)?.log?.patient_id;
  return (
    <section>
      <h1>
        {t(`trace.${kind}` as TextKey)} {plain(id)}
      </h1>
      {trace.error !== null && <ProblemBox error={trace.error} again={trace.reload} />}
      {trace.data?.items.length === 0 && <p class="nothing">{t('trace.none')}</p>}
      <ol class="story">
        {trace.data?.items.map((item, i) => (
          <li key={i}>
            {gap(trace.data?.items[i - 1], item) && (
              <p class="gap quiet">{gap(trace.data?.items[i - 1], item)}</p>
            )}
            <time dateTime={item.at}>{formatTime(item.at)}</time>
            <Node item={item} />
          </li>
        ))}
      </ol>
      {trace.data?.capped && <p class="label">{t('trace.capped')}</p>}
      {kind !== 'patient' && patient && (
        <a href={`/trace/patient/${String(patient)}?lab=${lab}`}>{t('trace.also')}</a>
      )}
    </section>
  );
}
