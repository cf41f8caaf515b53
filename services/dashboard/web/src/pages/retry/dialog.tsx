/*
 * Retries are shown before they are done. The retry_id is minted when the dialog opens, so
 * that a second click is the same attempt; a run of many acts on the set that was previewed.
 */
import { useEffect, useState } from 'preact/hooks';

import { post } from '../../api/client';
import type { RetryPreview, RetryRun } from '../../api/types';
import { count } from '../../format/text';
import { Dialog } from '../../parts/dialog';
import { ProblemBox } from '../../parts/problem';
import { go } from '../../state/route';
import { t, tn } from '../../text/en';

import { One, type OneScope } from './one';
import { Figures, Partners, Samples } from './preview';

export type RetryScope =
  | OneScope
  | { kind: 'ids'; ids: string[] }
  | { kind: 'filter'; filter: Record<string, string>; words: string[] };

const typeNumberAbove = 100;

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
  const [resend, setResend] = useState(false);
  const [form, setForm] = useState<RunForm>({
    reason: '',
    rate: 10,
    paused: false,
    stopAt: 50,
    typed: '',
  });
  useEffect(() => {
    let current = true;
    setPreview(null);
    post<RetryPreview>('logs/retry', {
      ...bulkBody(scope),
      dry_run: true,
      ...(resend ? { resend: true } : {}),
    }).then(
      (made) => {
        if (current) setPreview(made);
      },
      (problem: unknown) => {
        if (current) setError(problem);
      },
    );
    return () => {
      current = false;
    };
  }, [resend]);
  const settled = ['success', 'superseded', 'suppressed'].reduce(
    (sum, word) => sum + (preview?.refused?.[word] ?? 0),
    0,
  );
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
      {preview && eligible === 0 && <p class="label">{t('preview.nothing')}</p>}
      {preview && (
        <>
          <Figures preview={preview} />
          {(settled > 0 || resend) && (
            <label class="check">
              <input
                type="checkbox"
                checked={resend}
                onChange={(event) => {
                  setResend(event.currentTarget.checked);
                }}
              />
              {resend ? t('retry.resend.on') : t('retry.resend.too', { n: count(settled) })}
            </label>
          )}
          <Partners preview={preview} />
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
