/* The extra details as a form by transport and as JSON: one model, two ways to it. */
import { useState } from 'preact/hooks';

import { t, type TextKey } from '../../text/en';

import { type Detail, maskedSecret, shownSections, textOf, transports, valueOf } from './details';
import { type Errors, Field, SelectField, TextField } from './fields';
import { detailAt, detailsOf, type Form, withDetail } from './form';

const root = '/integration_extra_details';
const pointerOf = (path: string): string => `${root}/${path.replace(/\./g, '/')}`;
const nameOf = (path: string): string => t(`detail.${path}` as TextKey);

interface FieldProps {
  detail: Detail;
  value: unknown;
  errors: Errors;
  set: (value: unknown) => void;
}

/* Write-only: what is there stays until something else is typed. */
function SecretField({ detail, value, errors, set }: FieldProps) {
  const kept = value === maskedSecret;
  const [replacing, setReplacing] = useState(false);
  if (kept && !replacing)
    return (
      <div class="field">
        <span>{nameOf(detail.path)}</span>
        <p>
          {t('detail.secret.set')}{' '}
          <button
            type="button"
            aria-label={t('detail.secret.replace.of', { name: nameOf(detail.path) })}
            onClick={() => {
              setReplacing(true);
              set('');
            }}
          >
            {t('detail.secret.replace')}
          </button>
        </p>
      </div>
    );
  const many = /private_key|certificate/.test(detail.path);
  const common = {
    label: nameOf(detail.path),
    code: detail.path,
    pointer: pointerOf(detail.path),
    errors,
  };
  return (
    <>
      <TextField {...common} value={textOf(value)} onInput={set} long={many} />
      {replacing && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            setReplacing(false);
            set(maskedSecret);
          }}
        >
          {t('detail.secret.keep')}
        </button>
      )}
    </>
  );
}

function Words({ detail, value, set, words }: FieldProps & { words: readonly string[] }) {
  const now = Array.isArray(value) ? value.map(String) : [];
  return (
    <fieldset>
      <legend>{nameOf(detail.path)}</legend>
      {words.map((word) => (
        <label key={word} class="check">
          <input
            type="checkbox"
            checked={now.includes(word)}
            onChange={(event) => {
              const next = event.currentTarget.checked
                ? words.filter((one) => one === word || now.includes(one))
                : now.filter((one) => one !== word);
              set(next.length ? next : '');
            }}
          />
          {word}
        </label>
      ))}
    </fieldset>
  );
}

function DetailField(props: FieldProps) {
  const { detail, value, errors, set } = props;
  const { kind, path } = detail;
  const common = { label: nameOf(path), code: path, pointer: pointerOf(path), errors };
  if (kind.is === 'secret') return <SecretField {...props} />;
  if (kind.is === 'words') return <Words {...props} words={kind.words} />;
  if (kind.is === 'word')
    return (
      <SelectField
        {...common}
        value={textOf(value)}
        options={[['', '–'], ...kind.words.map((word): [string, string] => [word, word])]}
        onChange={set}
      />
    );
  if (kind.is === 'flag')
    return (
      <label class="check">
        <input
          type="checkbox"
          checked={value === true}
          onChange={(event) => {
            set(event.currentTarget.checked ? true : '');
          }}
        />
        {nameOf(path)}
      </label>
    );
  return (
    <TextField
      {...common}
      type={kind.is === 'number' ? 'number' : 'text'}
      long={kind.is === 'lines' || kind.is === 'long'}
      value={textOf(value)}
      onInput={(said) => {
        set(valueOf(kind, said));
      }}
    />
  );
}

export function DetailFields(props: {
  form: Form;
  errors: Errors;
  /** By the server, where the details say nothing. */
  effective: string;
  onChange: (details: string) => void;
}) {
  const { form, errors, onChange } = props;
  const details = detailsOf(form.details);
  const said = textOf(details && detailAt(details, 'transport'));
  const byAddress = details?.['host'] ? 'mllp' : props.effective || 'http';
  const auth = textOf(details && detailAt(details, 'auth.type'));
  const set = (path: string, value: unknown): void => {
    if (details) onChange(JSON.stringify(withDetail(details, path, value), null, 2));
  };
  return (
    <fieldset>
      <legend>{t('manage.details')}</legend>
      {details && (
        <>
          <SelectField
            label={t('manage.transport')}
            pointer={`${root}/transport`}
            errors={errors}
            value={said}
            options={[
              ['', t('manage.transport.auto', { transport: byAddress })],
              ...transports.map((name): [string, string] => [name, name]),
            ]}
            onChange={(value) => {
              set('transport', value);
            }}
          />
          {shownSections(said || byAddress, auth).map((section) => (
            <section key={section.title}>
              <h3>{t(section.title)}</h3>
              <div class="grid">
                {section.details.map((detail) => (
                  <DetailField
                    key={detail.path}
                    detail={detail}
                    value={detailAt(details, detail.path)}
                    errors={errors}
                    set={(value) => {
                      set(detail.path, value);
                    }}
                  />
                ))}
              </div>
            </section>
          ))}
        </>
      )}
      <details open={details === null}>
        <summary>{t('manage.details.json')}</summary>
        <Field
          label={t('manage.details.json')}
          hideLabel
          pointer={root}
          errors={details ? [] : errors}
        >
          {(id, why, invalid) => (
            <textarea
              id={id}
              class="mono"
              rows={10}
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
      </details>
      {details === null && <p class="bad">{t('manage.details.nojson')}</p>}
    </fieldset>
  );
}
