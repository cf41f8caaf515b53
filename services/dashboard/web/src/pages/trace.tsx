/*
 * Everything of a bill, patient or order on one time line, a column for each partner: inbound
 * calls, deliveries, further attempts, what a downstream said later, notes.
 */
import type { ComponentChildren } from 'preact';

import { get } from '../api/client';
import type { Trace, TraceItem } from '../api/types';
import { plain } from '../format/text';
import { formatAge, formatDuration, formatGap, formatTime } from '../format/time';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { StatusMark } from '../parts/status';
import { address, setFilter } from '../state/route';
import { t, type TextKey } from '../text/en';

const gapMs = 60_000;
const notes = '#notes';

/** Which column an item is in: its partner's, through its log where it has only that. */
export function laneOf(item: TraceItem, partners: ReadonlyMap<string, string>): string {
  if (item.kind === 'activity') return notes;
  const log = item.log;
  if (log)
    return log.integration_type === 'API'
      ? `← ${log.developer_name ?? ''}`
      : (log.developer_name ?? '');
  const id = item.retry?.log_id ?? item.callback?.log_id ?? '';
  return partners.get(id) ?? item.callback?.developer_name ?? '';
}

function Words({ words }: { words: string | null | undefined }) {
  return words ? (
    <p class="quiet wrap">
      <bdi>{plain(words)}</bdi>
    </p>
  ) : null;
}

function Node({ item, lab }: { item: TraceItem; lab: string }): ComponentChildren {
  const to = (id: string | undefined): string =>
    `/logs/${id ?? ''}?tab=webhook&lab=${lab}&from=all`;
  if (item.kind === 'activity')
    return (
      <>
        <p>
          ✎ <bdi class="wrap">{plain(item.activity?.note)}</bdi>
        </p>
        <Words words={item.activity?.source} />
      </>
    );
  if (item.kind === 'retry')
    return (
      <>
        <p>
          <StatusMark status={item.retry?.status ?? ''} /> ↻{' '}
          <a href={to(item.retry?.log_id)}>
            {t('story.attempt', { n: String(item.retry?.attempt ?? '') })}
          </a>
        </p>
        <Words words={item.retry?.error_message} />
      </>
    );
  if (item.kind === 'callback')
    return (
      <>
        <p>
          <StatusMark status={item.callback?.status ?? ''} /> ↩{' '}
          <a href={to(item.callback?.log_id)}>{t('trace.callback')}</a>
        </p>
        <Words words={item.callback?.fusion_log ?? item.callback?.error_message} />
      </>
    );
  const log = item.log;
  if (!log) return null;
  return (
    <>
      <p>
        <StatusMark status={log.status} />{' '}
        <a href={to(log.log_id)}>
          <bdi>{plain(log.operation)}</bdi>
        </a>{' '}
        <span class="quiet">{formatDuration(log.response_time)}</span>
      </p>
      <Words words={log.error_message} />
    </>
  );
}

const laneTitle = (lane: string): string =>
  lane === notes ? t('trace.notes') : lane === '' ? t('unknown') : plain(lane);

export function TracePage({ kind, id }: { kind: string; id: string }) {
  const { lab = '', partner = '' } = address.value.query;
  const trace = useLoad(`${kind} ${id} ${lab}`, (signal) =>
    get<Trace>(
      `trace/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`,
      { lab_id: lab },
      signal,
    ),
  );
  const items = trace.data?.items ?? [];
  const partners = new Map(
    items.flatMap((item) => (item.log ? [[item.log.log_id, laneOf(item, new Map())]] : [])) as [
      string,
      string,
    ][],
  );
  const lanes = [...new Set(items.map((item) => laneOf(item, partners)))];
  const shown = partner ? items.filter((item) => laneOf(item, partners) === partner) : items;
  const columns = partner ? [partner] : lanes;
  const patient = items.find((item) => item.log?.patient_id)?.log?.patient_id;
  return (
    <section>
      <h1>
        {t(`trace.${kind}` as TextKey)} {plain(id)}
      </h1>
      <div class="list-tools">
        {lanes.length > 1 && (
          <label>
            {t('col.partner')}
            <select
              value={partner}
              onChange={(event) => {
                setFilter({ partner: event.currentTarget.value });
              }}
            >
              <option value="">{t('filter.any')}</option>
              {lanes.map((lane) => (
                <option key={lane} value={lane}>
                  {laneTitle(lane)}
                </option>
              ))}
            </select>
          </label>
        )}
        {kind !== 'patient' && patient && (
          <a href={`/trace/patient/${String(patient)}?lab=${lab}`}>{t('trace.also')}</a>
        )}
      </div>
      {trace.error !== null && <ProblemBox error={trace.error} again={trace.reload} />}
      {trace.data && items.length === 0 && <p class="nothing">{t('trace.none')}</p>}
      {trace.data?.capped && <p class="label">{t('trace.capped')}</p>}
      {shown.length > 0 && (
        <div class="table-frame">
          <table class="trace" aria-label={t('trace.title')}>
            <thead>
              <tr>
                <th scope="col">{t('col.date')}</th>
                {columns.map((lane) => (
                  <th key={lane} scope="col">
                    <bdi>{laneTitle(lane)}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((item, i) => {
                const before = shown[i - 1];
                const long =
                  before !== undefined && Date.parse(item.at) - Date.parse(before.at) >= gapMs;
                return (
                  <tr key={i}>
                    <th scope="row">
                      {long && <span class="gap">{formatGap(before.at, item.at)}</span>}
                      <time dateTime={item.at} title={formatAge(item.at)}>
                        {formatTime(item.at)}
                      </time>
                    </th>
                    {columns.map((lane) => (
                      <td key={lane}>
                        {laneOf(item, partners) === lane && <Node item={item} lab={lab} />}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
