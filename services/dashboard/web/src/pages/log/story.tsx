/* A log as a story: event, row, payload, queue, attempts, outcome. */
import type { Exchange, Log, Retry } from '../../api/types';
import { plain } from '../../format/text';
import { formatDuration, formatExact } from '../../format/time';
import { StatusMark } from '../../parts/status';
import { t, type TextKey } from '../../text/en';

import { Phases } from './phases';

function Step(props: {
  title: string;
  at?: string | null | undefined;
  children?: preact.ComponentChildren;
  missing?: string;
}) {
  return (
    <li class={props.missing ? 'missing' : ''}>
      <h3>{props.title}</h3>
      {props.at && <time dateTime={props.at}>{formatExact(props.at)}</time>}
      {props.missing ? <p class="quiet">{props.missing}</p> : props.children}
    </li>
  );
}

function AttemptStep({
  n,
  exchange,
  kind,
  by,
}: {
  n: number;
  exchange: Exchange;
  kind?: string;
  by?: string | null;
}) {
  const title = n === 0 ? t('story.first') : t('story.attempt', { n: String(n) });
  return (
    <Step title={title} at={exchange.updated_at}>
      <p>
        <StatusMark status={exchange.status} />{' '}
        {exchange.response_status_code ? `HTTP ${String(exchange.response_status_code)} ` : ''}
        {formatDuration(exchange.response_time)}
        {kind && <span class="quiet"> · {t(kind === 'AUTO' ? 'story.auto' : 'story.manual')}</span>}
        {by && <span class="quiet"> · {plain(by)}</span>}
      </p>
      {exchange.error_message && (
        <p class="bad">
          <bdi>{plain(exchange.error_message)}</bdi>
        </p>
      )}
      {exchange.payload_changed === true && <p class="label">{t('story.changed')}</p>}
      {exchange.timing && <Phases timing={exchange.timing} />}
    </Step>
  );
}

function Hint({ log }: { log: Log }) {
  if (!log.hint && log.checks.length === 0) return null;
  return (
    <section class="hint" aria-label={t('hint.title')}>
      {log.hint && <p>{log.hint}</p>}
      <ul>
        {log.checks.map((check) => (
          <li key={check.name}>
            <span aria-hidden="true">{check.ok === null ? '–' : check.ok ? '✓' : '✗'}</span>{' '}
            {t(`check.${check.name}` as TextKey)}
            <span class="sr">
              {' '}
              {check.ok === null ? t('unknown') : check.ok ? t('yes') : t('no')}
            </span>
            {check.detail && <span class="quiet"> – {plain(check.detail)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Story({ log, retries }: { log: Log; retries: Retry[] }) {
  const first = log.first_attempt ?? (retries.length === 0 ? (log as Exchange) : null);
  const inbound = log.integration_type === 'API';
  return (
    <>
      <Hint log={log} />
      <ol class="story">
        {!inbound && (
          <Step title={t('story.event')} at={log.activity_date}>
            <p>
              {plain(log.operation)} <code>{plain(log.event_id)}</code>
            </p>
          </Step>
        )}
        {inbound && (
          <Step title={t('story.call')} at={log.activity_date}>
            <p class="mono">
              {plain(log.method)} {plain(log.path)}
            </p>
            <p class="quiet">
              {plain(log.ip)} {plain(log.origin)}
            </p>
          </Step>
        )}
        {!inbound && (
          <Step title={t('story.queued')} at={log.inserted_at}>
            <p class="quiet">
              {t('story.row', {
                row: String(log.lab_integration_id ?? '–'),
                transport: log.transport ?? '–',
              })}
              {log.lane && ` · ${t('story.lane', { lane: plain(log.lane) })}`}
            </p>
            {log.payload_sha256 && <p class="quiet mono">{log.payload_sha256.slice(0, 16)}…</p>}
          </Step>
        )}
        {first && first.status !== 'QUEUED' && !inbound && <AttemptStep n={0} exchange={first} />}
        {retries.map((retry) => (
          <AttemptStep
            key={retry.retry_id}
            n={retry.attempt}
            exchange={retry}
            kind={retry.kind}
            by={retry.requested_by ?? null}
          />
        ))}
        {log.status === 'QUEUED' ? (
          <Step
            title={t('story.outcome')}
            missing={t(log.sent_to_mirth ? 'story.mirth' : 'story.waiting')}
          />
        ) : (
          <Step title={t('story.outcome')} at={log.updated_at}>
            <p>
              <StatusMark status={log.status} />{' '}
              {log.fusion_log && <span>{plain(log.fusion_log)}</span>}
            </p>
            {log.status === 'SUPERSEDED' && log.error_message && <p>{plain(log.error_message)}</p>}
          </Step>
        )}
      </ol>
    </>
  );
}
