/* The two panels of an integration: add, change, try out, look back. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { call, Problem } from '../../api/client';
import type {
  ActionCategory,
  DeveloperAuthentication,
  Integration,
  IntegrationSaved,
} from '../../api/types';
import { plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { ProblemBox } from '../../parts/problem';
import { copy, say } from '../../parts/toast';
import { unsaved } from '../../state/route';
import { may } from '../../state/session';
import { t, type TextKey } from '../../text/en';

import { DetailFields, errorsOf, Field, HeaderRows, SelectField, TextField } from './fields';
import {
  bodyOf,
  detailsOf,
  type Form,
  formOf,
  integrationTypes,
  payloadTypes,
  requestTypes,
} from './form';
import { History } from './history';
import { TryOut } from './try-out';

interface Props {
  lab: number;
  auth: DeveloperAuthentication | null;
  row: Integration | null;
  categories: ActionCategory[];
  onSaved: (saved: IntegrationSaved) => void;
}

function Actions({
  form,
  set,
  categories,
  single,
}: {
  form: Form;
  set: (f: Partial<Form>) => void;
  categories: ActionCategory[];
  single: boolean;
}) {
  return (
    <fieldset class="action-list">
      <legend>{t('manage.actions')}</legend>
      {categories.map((category) => (
        <details
          key={category.id}
          open={category.actions.some((action) => form.actions.includes(action.id))}
        >
          <summary>{category.name}</summary>
          {category.actions.map((action) => (
            <label key={action.id} class="check">
              <input
                type={single ? 'radio' : 'checkbox'}
                name="action"
                checked={form.actions.includes(action.id)}
                onChange={(event) => {
                  const on = event.currentTarget.checked;
                  if (single) set({ actions: [action.id] });
                  else
                    set({
                      actions: on
                        ? [...form.actions, action.id]
                        : form.actions.filter((id) => id !== action.id),
                    });
                }}
              />
              {action.id} · {action.name}
            </label>
          ))}
        </details>
      ))}
    </fieldset>
  );
}

const flags = [
  'is_integration_enable',
  'is_disable',
  'is_org',
  'is_batch',
  'is_auto_retry',
] as const;

function Flags({ form, set }: { form: Form; set: (f: Partial<Form>) => void }) {
  return (
    <>
      {flags.map((flag) => (
        <div key={flag} class="flag">
          <label class="check">
            <input
              type="checkbox"
              checked={form[flag]}
              onChange={(event) => {
                set({ [flag]: event.currentTarget.checked });
              }}
            />
            {flag}
          </label>
          <p class="quiet">{t(`flag.${flag}` as TextKey)}</p>
        </div>
      ))}
    </>
  );
}

function KeyOnce({ authKey, onStored }: { authKey: string; onStored: () => void }) {
  return (
    <div class="notice" role="alert">
      <p>{t('manage.key.once')}</p>
      <p>
        <code class="wrap">{authKey}</code>{' '}
        <button
          type="button"
          onClick={() => {
            copy(authKey, t('copied.key'));
          }}
        >
          {t('copy')}
        </button>
      </p>
      <button type="button" class="primary" onClick={onStored}>
        {t('manage.key.stored')}
      </button>
    </div>
  );
}

function Conflict({ error, onTake }: { error: unknown; onTake: () => void }) {
  if (!(error instanceof Problem) || error.status !== 412) return null;
  return (
    <div class="notice notice-bad" role="alert">
      <p>{t('manage.conflict')}</p>
      <button type="button" onClick={onTake}>
        {t('manage.conflict.reload')}
      </button>
    </div>
  );
}

export function Editor({ lab, auth, row, categories, onSaved }: Props) {
  const [form, setForm] = useState<Form>(() => formOf(auth, row));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [key, setKey] = useState<string | null>(null);
  const ref = useRef<HTMLFormElement>(null);
  const writable = may('admin');
  const set = (change: Partial<Form>): void => {
    unsaved.value = t('manage.leave');
    setForm((now) => ({ ...now, ...change }));
  };
  useEffect(
    () => () => {
      unsaved.value = null;
    },
    [],
  );
  const errors = errorsOf(error);

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (detailsOf(form.details) === null) return;
    setBusy(true);
    setError(null);
    try {
      const saved = await call<IntegrationSaved>('POST', 'integrations', {
        body: bodyOf(form, lab, auth, row),
        ...(row ? { headers: { 'if-match': `"${String(row.version)}"` } } : {}),
      });
      unsaved.value = null;
      const version = saved.integrations[0]?.version ?? 0;
      say(
        t('manage.saved', { time: formatTime(new Date().toISOString()), version: String(version) }),
      );
      if (saved.auth_key) setKey(saved.auth_key);
      else onSaved(saved);
      if (saved.auth_key) setTimeout(() => undefined, 0);
    } catch (problem) {
      setError(problem);
      requestAnimationFrame(() =>
        ref.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
    }
    setBusy(false);
  };

  if (key)
    return (
      <KeyOnce
        authKey={key}
        onStored={() => {
          setKey(null);
          onSaved({ auth_id: auth?.id ?? 0, auth_key: null, integrations: [], created: true });
        }}
      />
    );
  const p = { errors };
  return (
    <form
      ref={ref}
      onSubmit={(event) => void save(event)}
      class="editor"
      aria-label={t('manage.form')}
    >
      {row?.config_error && <p class="notice notice-bad">{plain(row.config_error)}</p>}
      <fieldset disabled={!writable} class="bare">
        <details open>
          <summary>{t('manage.panel.auth')}</summary>
          <div class="grid">
            <TextField
              {...p}
              label={t('manage.name')}
              pointer="/developer_name"
              value={form.developer_name}
              onInput={(v) => {
                set({ developer_name: v });
              }}
            />
            <TextField
              {...p}
              label={t('manage.key')}
              pointer="/auth_key"
              value={form.auth_key}
              onInput={(v) => {
                set({ auth_key: v });
              }}
              hint={
                auth ? t('manage.key.hint', { hint: auth.auth_key_hint }) : t('manage.key.made')
              }
            />
            <SelectField
              {...p}
              label={t('manage.type')}
              pointer="/integration_type"
              value={form.integration_type}
              options={integrationTypes.map((v) => [v, v])}
              onChange={(v) => {
                set({ integration_type: v });
              }}
            />
            <TextField
              {...p}
              label={t('manage.url')}
              pointer="/url"
              value={form.url}
              onInput={(v) => {
                set({ url: v });
              }}
            />
            <SelectField
              {...p}
              label={t('manage.request_type')}
              pointer="/request_type"
              value={String(form.request_type)}
              options={requestTypes.map((v, i) => [String(i), v])}
              onChange={(v) => {
                set({ request_type: Number(v) });
              }}
            />
            <SelectField
              {...p}
              label={t('manage.payload_type')}
              pointer="/payload_type"
              value={form.payload_type}
              options={[...new Set([form.payload_type, ...payloadTypes])].map((v) => [v, v || '–'])}
              onChange={(v) => {
                set({ payload_type: v });
              }}
            />
            {form.is_org && (
              <TextField
                {...p}
                label={t('manage.org')}
                pointer="/org_id"
                type="number"
                value={form.org_id}
                onInput={(v) => {
                  set({ org_id: v });
                }}
              />
            )}
          </div>
          {auth && (
            <label class="check">
              <input
                type="checkbox"
                checked={form.rotate_auth_key}
                onChange={(e) => {
                  set({ rotate_auth_key: e.currentTarget.checked });
                }}
              />
              {t('manage.key.rotate')}
            </label>
          )}
          <HeaderRows
            pairs={form.headers}
            onChange={(headers) => {
              set({ headers });
            }}
          />
          <Actions form={form} set={set} categories={categories} single={row !== null} />
          <Field
            {...p}
            label={t('manage.template')}
            pointer="/template_text"
            hint={t('manage.template.hint')}
          >
            {(id, why, invalid) => (
              <textarea
                id={id}
                class="mono"
                rows={6}
                dir="ltr"
                spellcheck={false}
                aria-describedby={why}
                aria-invalid={invalid}
                value={form.template_text}
                onInput={(e) => {
                  set({ template_text: e.currentTarget.value });
                }}
              />
            )}
          </Field>
          <DetailFields
            form={form}
            errors={errors}
            onChange={(details) => {
              set({ details });
            }}
          />
        </details>
        <details open>
          <summary>{t('manage.panel.flags')}</summary>
          <Flags form={form} set={set} />
        </details>
        <Conflict
          error={error}
          onTake={() => {
            onSaved({ auth_id: auth?.id ?? 0, auth_key: null, integrations: [], created: false });
          }}
        />
        {error !== null && <ProblemBox error={error} />}
        <button type="submit" class="primary" disabled={busy}>
          {t('manage.save')}
        </button>
      </fieldset>
      {!writable && <p class="quiet">{t('manage.readonly')}</p>}
      <TryOut lab={lab} form={form} row={row} />
      {row && (
        <History
          row={row}
          onBack={(before) => {
            set(before);
          }}
        />
      )}
    </form>
  );
}
