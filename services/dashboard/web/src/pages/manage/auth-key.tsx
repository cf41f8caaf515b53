/* The key that a partner presents: made and shown once, replaced with an overlap. */
import { useState } from 'preact/hooks';

import { call, post, serverNow } from '../../api/client';
import type { DeveloperAuthentication, IntegrationSaved } from '../../api/types';
import { formatTime } from '../../format/time';
import { Dialog } from '../../parts/dialog';
import { ProblemBox } from '../../parts/problem';
import { copy, say } from '../../parts/toast';
import { may } from '../../state/session';
import { t } from '../../text/en';

export function KeyOnce({
  authKey,
  until,
  onStored,
}: {
  authKey: string;
  until: string | null;
  onStored: () => void;
}) {
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
      {until && <p>{t('manage.key.old', { time: formatTime(until) })}</p>}
      <button type="button" class="primary" onClick={onStored}>
        {t('manage.key.stored')}
      </button>
    </div>
  );
}

const overlaps = ['0', '1', '24', '168', '720'] as const; // hours

function RotateDialog(props: {
  auth: DeveloperAuthentication;
  onClose: () => void;
  onDone: (saved: IntegrationSaved) => void;
}) {
  const [hours, setHours] = useState<string>('24');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    const until =
      hours === '0' ? null : new Date(serverNow() + Number(hours) * 3_600_000).toISOString();
    post<IntegrationSaved>('integrations', {
      lab_id: props.auth.lab_id,
      auth_id: props.auth.id,
      rotate_auth_key: true,
      old_auth_key_until: until,
    }).then(props.onDone, (problem: unknown) => {
      setError(problem);
      setBusy(false);
    });
  };
  return (
    <Dialog title={t('manage.key.rotate')} onClose={props.onClose}>
      <form onSubmit={submit}>
        <p>{t('manage.key.rotate.explain')}</p>
        <label>
          {t('manage.key.overlap')}
          <select
            value={hours}
            onChange={(event) => {
              setHours(event.currentTarget.value);
            }}
          >
            {overlaps.map((one) => (
              <option key={one} value={one}>
                {t(`manage.key.overlap.${one}`)}
              </option>
            ))}
          </select>
        </label>
        {error !== null && <ProblemBox error={error} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy}>
            {t('manage.key.rotate.do')}
          </button>
          <button type="button" onClick={props.onClose}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function AuthKey({
  auth,
  onChanged,
}: {
  auth: DeveloperAuthentication;
  onChanged: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<IntegrationSaved | null>(null);
  const [error, setError] = useState<unknown>(null);
  const old = auth.old_auth_keys ?? [];
  if (made?.auth_key)
    return (
      <KeyOnce
        authKey={made.auth_key}
        until={made.old_auth_key_until ?? null}
        onStored={() => {
          setMade(null);
          onChanged();
        }}
      />
    );
  return (
    <section class="auth-key" aria-label={t('manage.key')}>
      <p>
        {t('manage.key.ends', { hint: auth.auth_key_hint })}{' '}
        {may('admin') && (
          <button
            type="button"
            onClick={() => {
              setAsking(true);
            }}
          >
            {t('manage.key.rotate')}
          </button>
        )}
      </p>
      {old.length > 0 && (
        <p>
          {old
            .map((key) =>
              t('manage.key.still', { hint: key.hint, time: formatTime(key.valid_until) }),
            )
            .join(' · ')}{' '}
          {may('admin') && (
            <button
              type="button"
              onClick={() => {
                call('DELETE', `developer-authentications/${String(auth.id)}/old-auth-keys`).then(
                  () => {
                    say(t('manage.key.ended'));
                    onChanged();
                  },
                  setError,
                );
              }}
            >
              {t('manage.key.end')}
            </button>
          )}
        </p>
      )}
      {error !== null && <ProblemBox error={error} />}
      {asking && (
        <RotateDialog
          auth={auth}
          onClose={() => {
            setAsking(false);
          }}
          onDone={(saved) => {
            setAsking(false);
            setMade(saved);
          }}
        />
      )}
    </section>
  );
}
