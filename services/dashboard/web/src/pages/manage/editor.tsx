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
import { ProblemBox } from '../../parts/problem';
import { unsaved } from '../../state/route';
import { may } from '../../state/session';
import { t, type TextKey } from '../../text/en';

import { AuthKey, KeyOnce } from './auth-key';
import { DetailFields } from './detail-fields';
import { Conflict, Faults } from './faults';
import { errorsOf, type Errors, HeaderRows, SelectField, TextField } from './fields';
import { FeatureFlags, Flags } from './flags';
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
import { SaveDialog } from './save-dialog';
import { SendTest, Template, useEntity } from './template';

interface Props {
  lab: number;
  auth: DeveloperAuthentication | null;
  row: Integration | null;
  categories: ActionCategory[];
  onSaved: (saved: IntegrationSaved | null) => void;
}

/* A row has one action: one choice of a list. */
function OneAction({
  form,
  set,
  categories,
  errors,
}: {
  form: Form;
  set: (f: Partial<Form>) => void;
  categories: ActionCategory[];
  errors: Errors;
}) {
  return (
    <SelectField
      label={t('manage.action')}
      pointer="/action_category_list_id"
      errors={errors}
      value={String(form.actions[0] ?? '')}
      options={categories.flatMap((category) =>
        category.actions.map((action): [string, string] => [
          String(action.id),
          `${String(action.id)} · ${action.name}`,
        ]),
      )}
      onChange={(value) => {
        set({ actions: [Number(value)] });
      }}
    />
  );
}

/* New rows: one for each action that is ticked. */
function Actions({
  form,
  set,
  categories,
}: {
  form: Form;
  set: (f: Partial<Form>) => void;
  categories: ActionCategory[];
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
                type="checkbox"
                checked={form.actions.includes(action.id)}
                onChange={(event) => {
                  const on = event.currentTarget.checked;
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

/* What is asked of the server to make the saved row: the form against the row it began with. */
function changesOf(
  form: Form,
  lab: number,
  auth: DeveloperAuthentication | null,
  row: Integration | null,
): [Record<string, unknown>, Record<string, unknown>] {
  return [bodyOf(formOf(auth, row), lab, auth, row), bodyOf(form, lab, auth, row)];
}

export function Editor({ lab, auth, row, categories, onSaved }: Props) {
  const [form, setForm] = useState<Form>(() => formOf(auth, row));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<IntegrationSaved | null>(null);
  const [entity, setEntity] = useEntity(lab, form, categories);
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
  const conflict = error instanceof Problem && error.status === 412;

  const save = async (version: number | undefined): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const saved = await call<IntegrationSaved>('POST', 'integrations', {
        body: bodyOf(form, lab, auth, row),
        ...(version === undefined ? {} : { headers: { 'if-match': `"${String(version)}"` } }),
      });
      unsaved.value = null;
      if (saved.auth_key) setMade(saved);
      else onSaved(saved);
    } catch (problem) {
      setError(problem);
      setAsking(false);
      requestAnimationFrame(() =>
        ref.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
    }
    setBusy(false);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (detailsOf(form.details) === null) return;
    const [before, after] = changesOf(form, lab, auth, row);
    if (row && JSON.stringify(before) !== JSON.stringify(after)) setAsking(true);
    else void save(row?.version);
  };

  if (made?.auth_key)
    return (
      <KeyOnce
        authKey={made.auth_key}
        until={made.old_auth_key_until ?? null}
        onStored={() => {
          setMade(null);
          onSaved({ ...made, auth_key: null });
        }}
      />
    );
  const text = (name: 'developer_name' | 'url' | 'developer_id' | 'org_id', label: TextKey) => (
    <TextField
      label={t(label)}
      pointer={`/${name}`}
      errors={errors}
      type={name.endsWith('_id') ? 'number' : 'text'}
      value={form[name]}
      onInput={(v) => {
        set({ [name]: v });
      }}
    />
  );
  return (
    <>
      <form ref={ref} onSubmit={submit} class="editor" aria-label={t('manage.form')}>
        {row?.config_error && <p class="notice notice-bad">{plain(row.config_error)}</p>}
        <fieldset disabled={!writable} class="bare">
          <details open>
            <summary>{t('manage.panel.auth')}</summary>
            <div class="grid">
              {text('developer_name', 'manage.name')}
              {text('developer_id', 'manage.developer_id')}
              {form.is_org && text('org_id', 'manage.org')}
            </div>
            {auth ? (
              <AuthKey
                auth={auth}
                onChanged={() => {
                  onSaved(null);
                }}
              />
            ) : (
              <div class="grid">
                <TextField
                  label={t('manage.key')}
                  pointer="/auth_key"
                  errors={errors}
                  value={form.auth_key}
                  onInput={(v) => {
                    set({ auth_key: v });
                  }}
                  hint={t('manage.key.made')}
                />
              </div>
            )}
            <div class="grid">
              {row && <OneAction form={form} set={set} categories={categories} errors={errors} />}
              <SelectField
                label={t('manage.type')}
                pointer="/integration_type"
                errors={errors}
                value={form.integration_type}
                options={integrationTypes.map((v) => [v, v])}
                onChange={(v) => {
                  set({ integration_type: v });
                }}
              />
              <SelectField
                label={t('manage.request_type')}
                pointer="/request_type"
                errors={errors}
                value={String(form.request_type)}
                options={requestTypes.map((v, i) => [String(i), v])}
                onChange={(v) => {
                  set({ request_type: Number(v) });
                }}
              />
              <SelectField
                label={t('manage.payload_type')}
                pointer="/payload_type"
                errors={errors}
                value={form.payload_type}
                options={[...new Set([form.payload_type, ...payloadTypes])].map((v) => [
                  v,
                  v || '–',
                ])}
                onChange={(v) => {
                  set({ payload_type: v });
                }}
              />
            </div>
            {!row && <Actions form={form} set={set} categories={categories} />}
            <div class="grid-wide">{text('url', 'manage.url')}</div>
            <HeaderRows
              pairs={form.headers}
              onChange={(headers) => {
                set({ headers });
              }}
            />
            <DetailFields
              form={form}
              errors={errors}
              effective={row?.transport ?? 'http'}
              onChange={(details) => {
                set({ details });
              }}
            />
          </details>
          <details open>
            <summary>{t('manage.panel.flags')}</summary>
            <Flags form={form} set={set} />
            <FeatureFlags form={form} set={set} />
          </details>
        </fieldset>
        <details open>
          <summary>{t('manage.panel.template')}</summary>
          <fieldset disabled={!writable && !may('operator')} class="bare">
            <Template
              lab={lab}
              form={form}
              errors={errors}
              entity={entity}
              onEntity={setEntity}
              onInput={(template_text) => {
                set({ template_text });
              }}
            />
          </fieldset>
        </details>
        {conflict && row && (
          <Conflict
            row={row}
            mine={(theirs) => [
              bodyOf(formOf(auth, theirs), lab, auth, theirs),
              bodyOf(form, lab, auth, row),
            ]}
            onTake={() => {
              unsaved.value = null;
              onSaved(null);
            }}
            onKeep={(theirs) => void save(theirs.version)}
          />
        )}
        <Faults errors={errors} form={ref.current} />
        {error !== null && !conflict && errors.length === 0 && <ProblemBox error={error} />}
        {writable ? (
          <div class="save-bar">
            <button type="submit" class="primary" disabled={busy}>
              {t('manage.save')}
            </button>
            {unsaved.value && <span class="quiet">{t('manage.unsaved')}</span>}
          </div>
        ) : (
          <p class="quiet">{t('manage.readonly')}</p>
        )}
        {row && <SendTest row={row} entity={entity} dirty={unsaved.value !== null} />}
        {row && <History row={row} onBack={set} />}
      </form>
      {asking && row && (
        <SaveDialog
          lab={lab}
          row={row}
          before={changesOf(form, lab, auth, row)[0]}
          after={changesOf(form, lab, auth, row)[1]}
          busy={busy}
          onSave={() => void save(row.version)}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </>
  );
}
