/* A template beside what it makes of a real entity, as one types; and a sample really sent. */
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../../api/client';
import type {
  ActionCategory,
  Integration,
  LogRow,
  Page,
  TemplatePreview,
  TestResult,
} from '../../api/types';
import { HeaderTable } from '../../body/headers';
import { BodyView } from '../../body/view';
import { plain } from '../../format/text';
import { formatDuration } from '../../format/time';
import { ProblemBox } from '../../parts/problem';
import { may } from '../../state/session';
import { t } from '../../text/en';
import { Phases } from '../log/phases';

import { type Errors, Field } from './fields';
import type { Form } from './form';

const typingMs = 500;

/* A log's reference to the entity that an action of the family is about. */
const referenceOf: Record<string, keyof LogRow> = {
  bill: 'bill_id',
  patient: 'patient_id',
  report: 'lrr_id',
};

/** An entity to try it with: the last one that this action was about. */
async function lastEntity(lab: number, action: number, family: string): Promise<string> {
  const reference = referenceOf[family];
  if (!reference) return '';
  const page = await get<Page<LogRow>>('logs', {
    tab: 'webhook',
    lab_id: lab,
    action_id: action,
    limit: 1,
  });
  return String(page.items[0]?.[reference] ?? '');
}

export function useEntity(
  lab: number,
  form: Form,
  categories: ActionCategory[],
): [string, (entity: string) => void] {
  const [entity, setEntity] = useState('');
  const action = form.actions[0];
  const family =
    categories.flatMap((one) => one.actions).find((one) => one.id === action)?.family ?? '';
  useEffect(() => {
    if (entity !== '' || action === undefined || !may('operator')) return;
    lastEntity(lab, action, family).then(
      (found) => {
        setEntity((now) => now || found);
      },
      () => undefined,
    );
  }, [action, family]);
  return [entity, setEntity];
}

function usePreview(lab: number, form: Form, entity: string): [TemplatePreview | null, unknown] {
  const [preview, setPreview] = useState<TemplatePreview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const action = form.actions[0];
  useEffect(() => {
    if (!may('operator') || action === undefined || !/^\d+$/.test(entity)) {
      setPreview(null);
      return undefined;
    }
    let current = true;
    const timer = setTimeout(() => {
      post<TemplatePreview>('templates/preview', {
        lab_id: lab,
        action_id: action,
        entity_id: Number(entity),
        template_text: form.template_text || null,
        payload_type: form.payload_type,
      }).then(
        (made) => {
          if (!current) return;
          setPreview(made);
          setError(null);
        },
        (problem: unknown) => {
          if (current) setError(problem);
        },
      );
    }, typingMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [lab, action, entity, form.template_text, form.payload_type]);
  return [preview, error];
}

function Rendered({ preview }: { preview: TemplatePreview }) {
  return (
    <>
      {preview.errors.map((fault, i) => (
        <p key={i} class="bad" role="alert">
          {fault.line !== null && `${t('test.line', { n: String(fault.line) })}: `}
          {plain(fault.detail)}
        </p>
      ))}
      {preview.context_masked && <p class="label">{t('masked')}</p>}
      {preview.body !== null && <BodyView text={preview.body} />}
    </>
  );
}

export function Template(props: {
  lab: number;
  form: Form;
  errors: Errors;
  entity: string;
  onEntity: (entity: string) => void;
  onInput: (text: string) => void;
}) {
  const { lab, form, errors, entity, onEntity, onInput } = props;
  const [preview, error] = usePreview(lab, form, entity);
  return (
    <div class="template">
      <Field
        label={t('manage.template')}
        pointer="/template_text"
        errors={errors}
        hint={t('manage.template.hint')}
      >
        {(id, why, invalid) => (
          <textarea
            id={id}
            class="mono"
            rows={12}
            dir="ltr"
            spellcheck={false}
            aria-describedby={why}
            aria-invalid={invalid}
            value={form.template_text}
            onInput={(event) => {
              onInput(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      {may('operator') && (
        <section aria-label={t('test.preview')}>
          <label>
            {t('test.entity')}
            <input
              type="number"
              min={1}
              value={entity}
              onKeyDown={(event) => {
                if (event.key === 'Enter') event.preventDefault(); // it is no wish to save the row
              }}
              onInput={(event) => {
                onEntity(event.currentTarget.value);
              }}
            />
          </label>
          {error !== null && <ProblemBox error={error} />}
          {preview ? <Rendered preview={preview} /> : <p class="quiet">{t('test.preview.none')}</p>}
        </section>
      )}
    </div>
  );
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : value ? JSON.stringify(value) : '';
}

function Exchange({ result }: { result: TestResult }) {
  const part = (from: Record<string, unknown> | undefined, name: string): unknown => from?.[name];
  const total = result.timing?.['total_ms'];
  return (
    <section aria-label={t('test.result')}>
      <p class={result.ok ? 'label good' : 'label bad'} role="status">
        <strong>{t('test.mark')}</strong>{' '}
        {result.ok ? t('test.ok') : plain(result.error_message) || t('test.failed')}
        {total !== undefined && ` · ${formatDuration(total)}`}
      </p>
      {result.timing && <Phases timing={result.timing} />}
      <div class="beside">
        <section>
          <h3>{t('tab.request')}</h3>
          <p class="mono wrap">
            {plain(part(result.request, 'method'))} {plain(result.address)}
          </p>
          <BodyView text={asText(part(result.request, 'body'))} />
          <HeaderTable
            title={t('tab.headers')}
            headers={part(result.request, 'headers') as Record<string, unknown>}
          />
        </section>
        <section>
          <h3>
            {t('tab.response')} {plain(part(result.response, 'status_code'))}
          </h3>
          <BodyView
            text={asText(part(result.response, 'body'))}
            truncated={part(result.response, 'body_cut') === true}
          />
          <HeaderTable
            title={t('tab.headers')}
            headers={part(result.response, 'headers') as Record<string, unknown>}
          />
        </section>
      </div>
    </section>
  );
}

/* Sends for real: the address is said before. The saved row is what is tried. */
export function SendTest(props: { row: Integration; entity: string; dirty: boolean }) {
  const { row, entity, dirty } = props;
  const [result, setResult] = useState<TestResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  if (!may('operator')) return null;
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setResult(
        await post<TestResult>(`integrations/${String(row.id)}/test`, {
          entity_id: Number(entity),
        }),
      );
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const address = row.url || String(row.integration_extra_details['host'] ?? '');
  return (
    <section aria-label={t('test.title')}>
      <h3>{t('test.title')}</h3>
      <p class="quiet">{t('test.explain', { address: plain(address) })}</p>
      {dirty && <p class="label">{t('test.dirty')}</p>}
      <button type="button" disabled={busy || entity === ''} onClick={() => void send()}>
        {busy ? t('test.sending') : t('test.send')}
      </button>
      {entity === '' && <span class="quiet"> {t('test.needs')}</span>}
      {error !== null && <ProblemBox error={error} />}
      {result && <Exchange result={result} />}
    </section>
  );
}
