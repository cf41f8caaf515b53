import { wish } from '../parts/wish';
import { preferences } from '../state/session';
import { t } from '../text/en';

const themes = ['system', 'light', 'dark'] as const;

export function SettingsPage() {
  const now = preferences.value;
  const set = (change: typeof now): void => {
    wish(change);
  };
  return (
    <section class="settings">
      <h1>{t('nav.settings')}</h1>
      <label>
        {t('settings.theme')}
        <select
          value={now.theme ?? 'system'}
          onChange={(event) => {
            set({ theme: event.currentTarget.value as (typeof themes)[number] });
          }}
        >
          {themes.map((theme) => (
            <option key={theme} value={theme}>
              {t(`settings.theme.${theme}`)}
            </option>
          ))}
        </select>
      </label>
      {(
        [
          ['utc', now.utc ?? false],
          ['keys', now.keys ?? true],
          ['announce', now.announce ?? true],
          ['compact', now.compact ?? false],
        ] as const
      ).map(([name, value]) => (
        <label key={name} class="check">
          <input
            type="checkbox"
            checked={value}
            onChange={(event) => {
              set({ [name]: event.currentTarget.checked });
            }}
          />
          {t(`settings.${name}`)}
        </label>
      ))}
    </section>
  );
}
