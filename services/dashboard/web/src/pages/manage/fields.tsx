/* The form's fields: each shows the server's words about it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

import { Problem, type FieldError } from '../../api/client';
import { plain } from '../../format/text';
import { t } from '../../text/en';

import { detailAt, detailsOf, type Form, type HeaderPair, withDetail } from './form';

export type Errors = FieldError[];

export function errorsOf(error: unknown): Errors {
  return error instanceof Problem ? error.errors : [];
}

export function Field(props: {
  label: string;
  pointer: string;
  errors: Errors;
  hint?: string;
  children: (id: string, describedBy: string, invalid: boolean) => ComponentChildren;
}) {
  const id = useId();
  const mine = props.errors.filter(
    (error) => error.pointer === props.pointer || error.pointer.startsWith(`${props.pointer}/`),
  );
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children(id, `${id}-why`, mine.length > 0)}
      <div id={`${id}-why`}>
        {props.hint && <p class="quiet">{props.hint}</p>}
        {mine.map((error) => (
          <p key={error.pointer + error.detail} class="bad">
            {plain(error.detail)}
          </p>
        ))}
      </div>
    </div>
  );
}

export function TextField(props: {
  label: string;
  pointer: string;
  errors: Errors;
  value: string;
  onInput: (value: string) => void;
  hint?: string;
  type?: string;
  disabled?: boolean;
}) {
  return (
    <Field
      label={props.label}
      pointer={props.pointer}
      errors={props.errors}
      {...(props.hint ? { hint: props.hint } : {})}
    >
      {(id, why, invalid) => (
        <input
          id={id}
          type={props.type ?? 'text'}
          autocomplete="off"
          aria-describedby={why}
          aria-invalid={invalid}
          disabled={props.disabled ?? false}
          value={props.value}
          onInput={(event) => {
            props.onInput(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

export function SelectField(props: {
  label: string;
  pointer: string;
  errors: Errors;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}) {
  return (
    <Field label={props.label} pointer={props.pointer} errors={props.errors}>
      {(id, why, invalid) => (
        <select
          id={id}
          aria-describedby={why}
          aria-invalid={invalid}
          value={props.value}
          onChange={(event) => {
            props.onChange(event.currentTarget.value);
          }}
        >
          {props.options.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function HeaderRows({
  pairs,
  onChange,
}: {
  pairs: HeaderPair[];
  onChange: (pairs: HeaderPair[]) => void;
}) {
  const set = (at: number, change: Partial<HeaderPair>): void => {
    onChange(pairs.map((pair, i) => (i === at ? { ...pair, ...change } : pair)));
  };
  return (
    <fieldset>
      <legend>{t('manage.headers')}</legend>
      {pairs.map((pair, i) => (
        <div key={i} class="pair">
          <input
            type="text"
            aria-label={t('manage.header.name', { n: String(i + 1) })}
            value={pair.name}
            onInput={(event) => {
              set(i, { name: event.currentTarget.value });
            }}
          />
          <input
            type="text"
            aria-label={t('manage.header.value', { n: String(i + 1) })}
            value={pair.value}
            onInput={(event) => {
              set(i, { value: event.currentTarget.value });
            }}
          />
          <button
            type="button"
            class="plain"
            aria-label={t('manage.header.remove', { n: String(i + 1) })}
            onClick={() => {
              onChange(pairs.filter((_, at) => at !== i));
            }}
          >
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => {
          onChange([...pairs, { name: '', value: '' }]);
        }}
      >
        {t('manage.header.add')}
      </button>
    </fieldset>
  );
}

/* What a transport asks for; the rest is reached through the JSON. */
const detailFields: Record<string, [string, 'text' | 'number' | 'secret'][]> = {
  http: [
    ['timeout_ms', 'number'],
    ['rate_limit_per_second', 'number'],
    ['max_concurrency', 'number'],
    ['x-api-key', 'secret'],
    ['webhook_secret', 'secret'],
  ],
  mllp: [
    ['host', 'text'],
    ['port', 'number'],
    ['hl7.version', 'text'],
    ['hl7.receiving_application', 'text'],
    ['hl7.receiving_facility', 'text'],
    ['ack.timeout_ms', 'number'],
  ],
  sftp: [
    ['host', 'text'],
    ['port', 'number'],
    ['sftp.username', 'text'],
    ['sftp.password', 'secret'],
    ['sftp.private_key', 'secret'],
    ['sftp.directory', 'text'],
    ['sftp.file_name', 'text'],
  ],
  fax: [
    ['vendor', 'text'],
    ['fax.from', 'text'],
    ['fax.access_key', 'secret'],
    ['fax.secret_key', 'secret'],
  ],
};

const root = '/integration_extra_details';

export function DetailFields(props: {
  form: Form;
  errors: Errors;
  onChange: (details: string) => void;
}) {
  const { form, errors, onChange } = props;
  const details = detailsOf(form.details);
  const transport = String((details && detailAt(details, 'transport')) ?? '');
  const effective = transport || (details?.['host'] ? 'mllp' : 'http');
  const set = (path: string, value: unknown): void => {
    if (details) onChange(JSON.stringify(withDetail(details, path, value), null, 2));
  };
  return (
    <fieldset>
      <legend>{t('manage.details')}</legend>
      {details && (
        <div class="grid">
          <SelectField
            label={t('manage.transport')}
            pointer={`${root}/transport`}
            errors={errors}
            value={transport}
            options={[
              ['', t('manage.transport.auto')],
              ...Object.keys(detailFields).map((name): [string, string] => [name, name]),
            ]}
            onChange={(value) => {
              set('transport', value);
            }}
          />
          {(detailFields[effective] ?? []).map(([path, kind]) => (
            <TextField
              key={path}
              label={path}
              pointer={`${root}/${path.replace(/\./g, '/')}`}
              errors={errors}
              type={kind === 'number' ? 'number' : 'text'}
              value={String(detailAt(details, path) ?? '')}
              onInput={(value) => {
                set(path, kind === 'number' && value !== '' ? Number(value) : value);
              }}
            />
          ))}
        </div>
      )}
      <Field label={t('manage.details.json')} pointer={root} errors={errors}>
        {(id, why, invalid) => (
          <textarea
            id={id}
            class="mono"
            rows={8}
            dir="ltr"
            spellcheck={false}
            aria-describedby={why}
            aria-invalid={invalid || details === null}
            value={form.details}
            onInput={(event) => {
              onChange(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      {details === null && <p class="bad">{t('manage.details.nojson')}</p>}
    </fieldset>
  );
}
