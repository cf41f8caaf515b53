/* Saved views of a tab: opened, saved under a name, made the start, shared by their address. */
import { useRef, useState } from 'preact/hooks';

import { formatAddress } from '../../state/address';
import { address, go } from '../../state/route';
import {
  defaultOf,
  forgetView,
  isShown,
  keptQuery,
  saveDefault,
  saveView,
  viewsOf,
} from '../../state/views';
import { copy, say } from '../../parts/toast';
import { problemText } from '../../parts/problem';
import { t } from '../../text/en';

const nameMost = 60;

export function Views({ tab }: { tab: string }) {
  const [name, setName] = useState('');
  const menu = useRef<HTMLDetailsElement>(null);
  const { query } = address.value;
  const views = viewsOf(tab);
  const now = views.find((view) => isShown(view, query));
  const close = (): void => {
    if (menu.current) menu.current.open = false;
  };
  const done = (work: Promise<void>, words: string): void => {
    work.then(
      () => {
        say(words);
      },
      (problem: unknown) => {
        say(problemText(problem));
      },
    );
  };
  return (
    <details class="menu" ref={menu}>
      <summary>{now ? t('view.now', { name: now.name }) : t('view.title')}</summary>
      <div>
        {views.length === 0 && <p class="quiet">{t('view.none')}</p>}
        <ul class="views">
          {views.map((view) => (
            <li key={view.name}>
              <button
                type="button"
                class="plain"
                aria-pressed={view === now}
                onClick={() => {
                  close();
                  go({ path: `/${tab}`, query: view.query, fragment: {} });
                }}
              >
                <bdi>{view.name}</bdi>
              </button>
              <button
                type="button"
                class="plain"
                aria-label={t('view.forget', { name: view.name })}
                onClick={() => {
                  done(forgetView(view), t('view.forgotten'));
                }}
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
        <form
          class="save-view"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = name.trim();
            if (wanted === '') return;
            setName('');
            done(saveView({ name: wanted, tab, query: keptQuery(query) }), t('view.saved'));
          }}
        >
          <label>
            {t('view.name')}
            <input
              type="text"
              maxLength={nameMost}
              value={name}
              onInput={(event) => {
                setName(event.currentTarget.value);
              }}
            />
          </label>
          <button type="submit" disabled={name.trim() === ''}>
            {t('view.save')}
          </button>
        </form>
        <button
          type="button"
          onClick={() => {
            close();
            done(saveDefault(tab, query), t('list.saved'));
          }}
        >
          {t('list.save')}
        </button>
        {defaultOf(tab) && (
          <button
            type="button"
            onClick={() => {
              close();
              done(saveDefault(tab, null), t('view.reset.done'));
            }}
          >
            {t('view.reset')}
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            close();
            const path = formatAddress({ path: `/${tab}`, query: keptQuery(query), fragment: {} });
            copy(location.origin + path, t('view.copied'));
          }}
        >
          {t('view.copy')}
        </button>
      </div>
    </details>
  );
}
