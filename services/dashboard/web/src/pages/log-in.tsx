import { useState } from 'preact/hooks';

import { Dialog } from '../parts/dialog';
import { ProblemBox } from '../parts/problem';
import { logIn, standing } from '../state/session';
import { t } from '../text/en';

function Form() {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await logIn(login, password);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <form class="log-in" onSubmit={(event) => void submit(event)}>
      <label>
        {t('login.name')}
        <input
          type="text"
          name="username"
          autocomplete="username"
          required
          value={login}
          onInput={(event) => {
            setLogin(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        {t('login.password')}
        <input
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
      </label>
      {error !== null && <ProblemBox error={error} />}
      <button type="submit" class="primary" disabled={busy}>
        {t('login.do')}
      </button>
    </form>
  );
}

export function LogInPage() {
  return (
    <main class="log-in-page">
      <h1>{t('app.title')}</h1>
      <Form />
    </main>
  );
}

/* Over the page, whose state is kept. */
export function LogInAgain() {
  return (
    <Dialog
      title={t('login.again')}
      onClose={() => {
        standing.value = 'out';
      }}
    >
      <Form />
    </Dialog>
  );
}
