/*
 * Retries are shown before they are done. The retry_id is minted when the dialog opens, so
 * that a second click is the same attempt; a run of many acts on the set that was previewed.
 */
import { useEffect, useRef, useState } from 'preact/hooks';

import { call, post } from '../../api/client';
import { listen } from '../../api/stream';
import type { LogRow, RetryPreview, RetryRun } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { count, plain } from '../../format/text';
import { Dialog } from '../../parts/dialog';
import { ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { go } from '../../state/route';
import { t, tn } from '../../text/en';

export type RetryScope =
  | { kind: 'one'; id: string; lab: number; resend: boolean }
  | { kind: 'ids'; ids: string[] }
  | { kind: 'filter'; filter: Record<string, string>; words: string[] };

const typeNumberAbove = 100;

function newRetryId(): string {
  return `ui-${crypto.randomUUID()}`;
}

/* What the stream says of this retry, from the moment the dialog opens: the outcome may be
   there before the answer to the request is. */
function useOutcome(id: string, retryId: string): LogRow | null {
  const [row, setRow] = useState<LogRow | null>(null);
  useEffect(
    () =>
      listen('log', (data) => {
        const change = data as LogRow;
        if (change.log_id === id && change.retry_id === retryId) setRow(change);
      }),
    [id, retryId],
  );
  return row;
}

function One({ scope, onClose }: { scope: RetryScope & { kind: 'one' }; onClose: () => void }) {
  const retryId = useRef(newRetryId());
  const [sure, setSure] = useState(!scope.resend);
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const outcome = useOutcome(scope.id, retryId.current);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await call('POST', `logs/${scope.id}/retry`, {
        body: {
          retry_id: retryId.current,
          lab_id: scope.lab,
          ...(scope.resend ? { resend: true } : {}),
        },
      });
      setSent(true);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{t('retry.explain')}</p>
      {scope.resend && (
        <label class="check">
          <input
            type="checkbox"
            checked={sure}
            onChange={(event) => {
              setSure(event.currentTarget.checked);
            }}
          />
          {t('retry.resend.sure')}
        </label>
      )}
      {error !== null && <ProblemBox error={error} />}
      {sent && (
        <p class="label" role="status">
          {t('retry.queued')} {outcome && <StatusMark status={outcome.status} />}
        </p>
      )}
      <div class="actions">
        {!sent && (
          <button type="submit" class="primary" disabled={busy || !sure}>
            {t('retry.do')}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {sent ? t('close') : t('cancel')}
        </button>
      </div>
    </form>
  );
}

function bulkBody(scope: RetryScope): Record<string, unknown> {
  if (scope.kind === 'ids') return { ids: scope.ids };
  if (scope.kind !== 'filter') return {};
  const filter: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(scope.filter)) {
    if (value === '') continue;
    if (key === 'status') filter[key] = value.split(',');
    else filter[key] = /_id$/.test(key) ? Number(value) : value;
  }
  return { filter };
}

function Figures({ preview }: { preview: RetryPreview }) {
  const refused = Object.entries(preview.refused ?? {});
  return (
    <>
      <dl class="figures">
        <div>
          <dt>{t('preview.matched')}</dt>
          <dd>{`${count(preview.matched)}${preview.capped ? '+' : ''}`}</dd>
        </div>
        <div>
          <dt>{t('preview.eligible')}</dt>
          <dd>{count(preview.eligible)}</dd>
        </div>
        {preview.superseded !== undefined && (
          <div>
            <dt>{t('preview.superseded')}</dt>
            <dd>{count(preview.superseded)}</dd>
          </div>
        )}
        {preview.body_changed !== undefined && (
          <div>
            <dt>{t('preview.changed')}</dt>
            <dd>{count(preview.body_changed)}</dd>
          </div>
        )}
        {preview.body_same !== undefined && (
          <div>
            <dt>{t('preview.same')}</dt>
            <dd>{count(preview.body_same)}</dd>
          </div>
        )}
      </dl>
      {refused.length > 0 && (
        <p class="quiet">
          {t('preview.refused')} {refused.map(([why, n]) => `${why}: ${count(n)}`).join(' · ')}
        </p>
      )}
      {(preview.partners ?? []).length > 0 && (
        <ul class="quiet">
          {preview.partners?.map((partner, i) => (
            <li key={i}>
              <bdi>{plain(partner.developer_name)}</bdi>:{' '}
              {count(partner.eligible ?? partner.count ?? 0)}
            </li>
          ))}
        </ul>
      )}
      {preview.minutes !== undefined && preview.minutes > 0 && (
        <p class="quiet">{t('preview.minutes', { minutes: String(Math.ceil(preview.minutes)) })}</p>
      )}
    </>
  );
}

function Samples({ preview }: { preview: RetryPreview }) {
  if (!preview.samples?.length) return null;
  return (
    <details>
      <summary>{t('preview.samples')}</summary>
      {preview.samples.map((sample, i) => (
        <section key={i}>
          <h3 class="mono">{sample.log_id}</h3>
          {sample.last && sample.rebuilt ? (
            <DiffView before={sample.last} after={sample.rebuilt} />
          ) : (
            <p class="quiet">{plain(sample.error) || t('diff.hidden')}</p>
          )}
        </section>
      ))}
    </details>
  );
}

interface RunForm {
  reason: string;
  rate: number;
  paused: boolean;
  stopAt: number;
  typed: string;
}

function RunFields(props: { form: RunForm; set: (form: RunForm) => void; eligible: number }) {
  const { form, set, eligible } = props;
  return (
    <>
      <label>
        {t('reason')}
        <input
          type="text"
          required={eligible > 1}
          maxLength={200}
          value={form.reason}
          onInput={(event) => {
            set({ ...form, reason: event.currentTarget.value });
          }}
        />
      </label>
      <div class="list-tools">
        <label>
          {t('run.rate')}
          <input
            type="number"
            min={1}
            max={1000}
            value={form.rate}
            onInput={(event) => {
              set({ ...form, rate: Number(event.currentTarget.value) });
            }}
          />
        </label>
        <label>
          {t('run.stop')}
          <input
            type="number"
            min={1}
            max={100}
            value={form.stopAt}
            onInput={(event) => {
              set({ ...form, stopAt: Number(event.currentTarget.value) });
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={form.paused}
            onChange={(event) => {
              set({ ...form, paused: event.currentTarget.checked });
            }}
          />
          {t('run.paused')}
        </label>
      </div>
      {eligible > typeNumberAbove && (
        <label>
          {t('run.type', { n: String(eligible) })}
          <input
            type="text"
            inputMode="numeric"
            value={form.typed}
            onInput={(event) => {
              set({ ...form, typed: event.currentTarget.value });
            }}
          />
        </label>
      )}
    </>
  );
}

function Many({ scope, onClose }: { scope: RetryScope; onClose: () => void }) {
  const [preview, setPreview] = useState<RetryPreview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [form, setForm] = useState<RunForm>({
    reason: '',
    rate: 10,
    paused: false,
    stopAt: 50,
    typed: '',
  });
  useEffect(() => {
    post<RetryPreview>('logs/retry', { ...bulkBody(scope), dry_run: true }).then(
      setPreview,
      setError,
    );
  }, []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!preview) return;
    setBusy(true);
    try {
      const run = await post<RetryRun>('retry-runs', {
        preview_id: preview.preview_id,
        rate: form.rate,
        reason: form.reason,
        start_paused: form.paused,
        stop_when_failing: form.stopAt,
      });
      onClose();
      go(`/retries/${run.id}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const eligible = preview?.eligible ?? 0;
  const ready =
    eligible > 0 && (eligible <= typeNumberAbove || form.typed.trim() === String(eligible));
  return (
    <form onSubmit={(event) => void submit(event)}>
      {scope.kind === 'filter' && (
        <p class="chips">
          {scope.words.map((word) => (
            <span key={word} class="chip">
              {word}
            </span>
          ))}
        </p>
      )}
      {error !== null && <ProblemBox error={error} />}
      {!preview && error === null && <p role="status">{t('preview.making')}</p>}
      {preview && (
        <>
          <Figures preview={preview} />
          <Samples preview={preview} />
          {eligible > 0 && <RunFields form={form} set={setForm} eligible={eligible} />}
          <div class="actions">
            <button type="submit" class="primary" disabled={busy || !ready}>
              {tn('run.start', eligible, { n: count(eligible) })}
            </button>
            <button type="button" onClick={onClose}>
              {t('cancel')}
            </button>
          </div>
        </>
      )}
    </form>
  );
}

export function RetryDialog({ scope, onClose }: { scope: RetryScope; onClose: () => void }) {
  const title =
    scope.kind === 'one' && scope.resend
      ? t('retry.resend')
      : scope.kind === 'one'
        ? t('retry.one')
        : t('retry.some');
  return (
    <Dialog title={title} onClose={onClose} wide={scope.kind !== 'one'}>
      {scope.kind === 'one' ? (
        <One scope={scope} onClose={onClose} />
      ) : (
        <Many scope={scope} onClose={onClose} />
      )}
    </Dialog>
  );
}
