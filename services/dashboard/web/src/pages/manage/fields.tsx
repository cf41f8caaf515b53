/* The form's fields: each shows the server's words about it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

import { Problem, type FieldError } from '../../api/client';
import { plain } from '../../format/text';
import { t } from '../../text/en';

import type { HeaderPair } from './form';

export type Errors = FieldError[];

export function errorsOf(error: unknown): Errors {
  return error instanceof Problem ? error.errors : [];
}

export function Field(props: {
  label: string;
  pointer: string;
  errors: Errors;
  hint?: string;
  /** How it is called in JSON, for who knows it by that. */
  code?: string;
  hideLabel?: boolean;
  children: (id: string, describedBy: string, invalid: boolean) => ComponentChildren;
}) {
  const id = useId();
  const mine = props.errors.filter(
    (error) => error.pointer === props.pointer || error.pointer.startsWith(`${props.pointer}/`),
  );
  return (
    <div class="field" data-pointer={props.pointer}>
      <label for={id} class={props.hideLabel ? 'sr' : ''}>
        {props.label}
        {props.code && <code class="quiet"> {props.code}</code>}
      </label>
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
  code?: string;
  type?: string;
  disabled?: boolean;
  long?: boolean;
}) {
  return (
    <Field
      label={props.label}
      pointer={props.pointer}
      errors={props.errors}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(props.code ? { code: props.code } : {})}
    >
      {(id, why, invalid) => {
        const common = {
          id,
          'aria-describedby': why,
          'aria-invalid': invalid,
          disabled: props.disabled ?? false,
          value: props.value,
        };
        const onInput = (event: { currentTarget: { value: string } }): void => {
          props.onInput(event.currentTarget.value);
        };
        return props.long ? (
          <textarea
            {...common}
            class="mono"
            rows={3}
            dir="ltr"
            spellcheck={false}
            onInput={onInput}
          />
        ) : (
          <input {...common} type={props.type ?? 'text'} autocomplete="off" onInput={onInput} />
        );
      }}
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
  code?: string;
}) {
  return (
    <Field
      label={props.label}
      pointer={props.pointer}
      errors={props.errors}
      {...(props.code ? { code: props.code } : {})}
    >
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
