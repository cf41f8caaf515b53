/* A template over a real entity, and a sample sent to the endpoint. */
import { useState } from 'preact/hooks';

import { post } from '../../api/client';
import type { Integration, TemplatePreview, TestResult } from '../../api/types';
import { HeaderTable } from '../../body/headers';
import { BodyView } from '../../body/view';
import { plain } from '../../format/text';
import { ProblemBox } from '../../parts/problem';
import { may } from '../../state/session';
import { t } from '../../text/en';

import type { Form } from './form';

function asText(value: unknown): string {
  return typeof value === 'string' ? value : value ? JSON.stringify(value) : '';
}

function Exchange({ result }: { result: TestResult }) {
  const part = (from: Record<string, unknown> | undefined, name: string): unknown => from?.[name];
  return (
    <section aria-label={t('test.result')}>
      <p class={result.ok ? 'label good' : 'label bad'} role="status">
        {t('test.mark')}{' '}
        {result.ok ? t('test.ok') : plain(result.error_message) || t('test.failed')}
      </p>
      <p class="mono wrap">{plain(result.address)}</p>
      <h3>{t('tab.request')}</h3>
      <HeaderTable
        title={t('tab.headers')}
        headers={part(result.request, 'headers') as Record<string, unknown>}
      />
      <BodyView text={asText(part(result.request, 'body'))} />
      <h3>
        {t('tab.response')} {plain(part(result.response, 'status_code'))}
      </h3>
      <HeaderTable
        title={t('tab.headers')}
        headers={part(result.response, 'headers') as Record<string, unknown>}
      />
      <BodyView text={asText(part(result.response, 'body'))} />
    </section>
  );
}

export function TryOut({ lab, form, row }: { lab: number; form: Form; row: Integration | null }) {
  const [entity, setEntity] = useState('');
  const [preview, setPreview] = useState<TemplatePreview | null>(null);
  const [result, setResult] = useState<TestResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  if (!may('operator')) return null;
  const run = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await what();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const show = (): Promise<void> =>
    run(async () => {
      setPreview(
        await post<TemplatePreview>('templates/preview', {
          lab_id: lab,
          action_id: form.actions[0] ?? 0,
          entity_id: Number(entity),
          template_text: form.template_text || null,
          payload_type: form.payload_type,
        }),
      );
    });
  const send = (): Promise<void> =>
    run(async () => {
      setResult(
        await post<TestResult>(
          `integrations/${String(row?.id)}/test`,
          entity ? { entity_id: Number(entity) } : {},
        ),
      );
    });
  return (
    <details>
      <summary>{t('test.title')}</summary>
      <div class="list-tools">
        <label>
          {t('test.entity')}
          <input
            type="number"
            value={entity}
            onInput={(event) => {
              setEntity(event.currentTarget.value);
            }}
          />
        </label>
        <button
          type="button"
          disabled={busy || !entity || form.actions.length === 0}
          onClick={() => void show()}
        >
          {t('test.preview')}
        </button>
        {row && (
          <button type="button" disabled={busy} onClick={() => void send()}>
            {t('test.send')}
          </button>
        )}
      </div>
      {error !== null && <ProblemBox error={error} />}
      {preview && (
        <section aria-label={t('test.preview')}>
          {preview.errors.map((fault, i) => (
            <p key={i} class="bad">
              {fault.line !== null && `${t('test.line', { n: String(fault.line) })}: `}
              {plain(fault.detail)}
            </p>
          ))}
          {preview.context_masked && <p class="label">{t('masked')}</p>}
          {preview.body !== null && <BodyView text={preview.body} />}
        </section>
      )}
      {result && <Exchange result={result} />}
    </details>
  );
}
