/* The switches: the product's own, each with what it does, and a partner's. */
import { useState } from 'preact/hooks';

import { plain } from '../../format/text';
import { t, type TextKey } from '../../text/en';

import type { Form } from './form';

const flags = [
  'is_integration_enable',
  'is_disable',
  'is_org',
  'is_batch',
  'is_auto_retry',
] as const;

export function Flags({ form, set }: { form: Form; set: (f: Partial<Form>) => void }) {
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

/* A partner's own switches: kept with the authentication, read by what the LIS builds. */
export function FeatureFlags({ form, set }: { form: Form; set: (f: Partial<Form>) => void }) {
  const [name, setName] = useState('');
  return (
    <fieldset>
      <legend>{t('manage.flags')}</legend>
      {Object.entries(form.flags).map(([flag, value]) => (
        <div key={flag}>
          {typeof value === 'boolean' ? (
            <label class="check">
              <input
                type="checkbox"
                checked={value}
                onChange={(event) => {
                  set({ flags: { ...form.flags, [flag]: event.currentTarget.checked } });
                }}
              />
              {plain(flag)}
            </label>
          ) : (
            <code>
              {plain(flag)}: {plain(JSON.stringify(value))}
            </code>
          )}{' '}
          <button
            type="button"
            class="plain"
            aria-label={t('manage.flags.remove', { name: flag })}
            onClick={() => {
              set({
                flags: Object.fromEntries(
                  Object.entries(form.flags).filter(([other]) => other !== flag),
                ),
              });
            }}
          >
            ✕
          </button>
        </div>
      ))}
      <div class="list-tools">
        <label>
          {t('manage.flags.name')}
          <input
            type="text"
            maxLength={60}
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
            }}
          />
        </label>
        <button
          type="button"
          disabled={name.trim() === ''}
          onClick={() => {
            set({ flags: { ...form.flags, [name.trim()]: true } });
            setName('');
          }}
        >
          {t('manage.flags.add')}
        </button>
      </div>
    </fieldset>
  );
}
