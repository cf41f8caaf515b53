/* A log as a story: event, row, payload, queue, attempts, outcome. */
import type { ComponentChildren } from 'preact';

import type { Exchange, Log, Retry } from '../../api/types';
import { plain } from '../../format/text';
import { formatAge, formatDuration, formatExact, formatGap, formatTime } from '../../format/time';
import { StatusMark } from '../../parts/status';
import { t } from '../../text/en';
import { kindWord } from '../list/columns';

import { rowPath } from './hint';
import { endOf, Phases } from './phases';

function Step(props: {
  title: string;
  at?: string | null | undefined;
  /** The step before, for the gap between. */
  since?: string | null | undefined;
  children?: ComponentChildren;
  missing?: string;
}) {
  const gap = formatGap(props.since, props.at);
  return (
    <li class={props.missing ? 'missing' : ''}>
      <h3>{props.title}</h3>
      {props.at && (
        <>
          <time dateTime={props.at} title={formatAge(props.at)}>
            {formatExact(props.at)}
          </time>
          {gap && <span class="gap"> {gap}</span>}
        </>
      )}
      {props.missing ? <p class="quiet">{props.missing}</p> : props.children}
    </li>
  );
}

function AttemptStep({
  n,
  exchange,
  since,
  retry,
}: {
  n: number;
  exchange: Exchange;
  since: string | null | undefined;
  retry?: Retry;
}) {
  const title = n === 0 ? t('story.first') : t('story.attempt', { n: String(n) });
  const who = retry?.requested_by;
  return (
    <Step title={title} at={endOf(exchange) ?? retry?.requested_at} since={since}>
      {retry && (
        <p class="quiet">
          {t(retry.kind === 'AUTO' ? 'story.auto' : 'story.manual')}
          {who && (
            <>
              {' · '}
              <bdi>{plain(who)}</bdi>
            </>
          )}
          {retry.requested_at && ` · ${t('story.asked', { time: formatTime(retry.requested_at) })}`}
        </p>
      )}
      <p>
        <StatusMark status={exchange.status} />{' '}
        {exchange.response_status_code ? `HTTP ${String(exchange.response_status_code)} ` : ''}
        {formatDuration(exchange.response_time)}
      </p>
      {exchange.error_message && (
        <p class="bad">
          {exchange.error_kind && `${kindWord(exchange.error_kind)}: `}
          <bdi>{plain(exchange.error_message)}</bdi>
        </p>
      )}
      {exchange.payload_changed === true && <p class="label">{t('story.changed')}</p>}
      {exchange.payload_changed === false && <p class="quiet">{t('story.same')}</p>}
      {exchange.timing && <Phases timing={exchange.timing} />}
    </Step>
  );
}

function Begin({ log }: { log: Log }) {
  if (log.integration_type === 'API')
    return (
      <Step title={t('story.call')} at={log.activity_date}>
        <p class="mono wrap">
          {plain(log.method)} {plain(log.path)}
        </p>
        <p class="quiet">
          {plain(log.ip)} {plain(log.origin)}
        </p>
      </Step>
    );
  return (
    <>
      {log.event_id ? (
        <Step title={t('story.event')} at={log.activity_date}>
          <p>
            <bdi>{plain(log.operation)}</bdi> <code class="wrap">{plain(log.event_id)}</code>
          </p>
          {log.traceparent && (
            <p class="quiet mono wrap">
              {t('story.trace')} {plain(log.traceparent.split('-')[1])}
            </p>
          )}
        </Step>
      ) : (
        <Step title={t('story.event')} missing={t('story.event.none')} />
      )}
      <Step title={t('story.queued')} at={log.inserted_at} since={log.activity_date}>
        <p class="quiet">
          {log.auth_id && log.lab_integration_id ? (
            <a href={rowPath(log)}>
              {t('story.row.link', { row: String(log.lab_integration_id) })}
            </a>
          ) : (
            t('story.row.none')
          )}
          {`, ${log.transport ?? '–'}`}
          {log.lane && ` · ${t('story.lane', { lane: plain(log.lane) })}`}
        </p>
        {log.payload_sha256 && (
          <p class="quiet mono" title={log.payload_sha256}>
            {t('story.payload')} {log.payload_sha256.slice(0, 16)}…
          </p>
        )}
      </Step>
    </>
  );
}

function waitsFor(log: Log): 'story.mirth' | 'story.fax' | 'story.waiting' {
  if (log.sent_to_mirth) return 'story.mirth';
  return log.transport === 'fax' && log.response_status_code ? 'story.fax' : 'story.waiting';
}

function Outcome({ log, since }: { log: Log; since: string | null | undefined }) {
  if (log.status === 'QUEUED')
    return <Step title={t('story.outcome')} missing={t(waitsFor(log))} />;
  return (
    <Step title={t('story.outcome')} at={log.updated_at} since={since}>
      <p>
        <StatusMark status={log.status} /> {log.fusion_log && <span>{plain(log.fusion_log)}</span>}
      </p>
      {log.pages != null && (
        <p class="quiet">
          {t('story.pages', { sent: String(log.pages_sent ?? 0), all: String(log.pages) })}
        </p>
      )}
      {log.status === 'SUPERSEDED' && log.error_message && (
        <p>
          <bdi>{plain(log.error_message)}</bdi>
        </p>
      )}
      {log.status === 'FAIL' && log.next_auto_retry_at && log.auto_retry_count > 0 && (
        <p class="label">{t('list.next', { time: formatTime(log.next_auto_retry_at) })}</p>
      )}
    </Step>
  );
}

export function Story({ log, retries }: { log: Log; retries: Retry[] }) {
  const inbound = log.integration_type === 'API';
  const first = log.first_attempt ?? (retries.length === 0 ? (log as Exchange) : null);
  const ended = (i: number): string | null | undefined =>
    i < 0 ? (endOf(first) ?? log.inserted_at) : endOf(retries[i]);
  return (
    <ol class="story">
      <Begin log={log} />
      {!inbound &&
        (first && first.status !== 'QUEUED' ? (
          <AttemptStep n={0} exchange={first} since={log.inserted_at} />
        ) : (
          retries.length === 0 && (
            <Step title={t('story.first')} missing={t('story.first.waiting')} />
          )
        ))}
      {retries.map((retry, i) => (
        <AttemptStep
          key={retry.retry_id}
          n={retry.attempt}
          exchange={retry}
          since={ended(i - 1)}
          retry={retry}
        />
      ))}
      <Outcome log={log} since={ended(retries.length - 1)} />
    </ol>
  );
}
