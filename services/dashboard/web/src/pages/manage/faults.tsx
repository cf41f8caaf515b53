/* Why a row was not saved: somebody was faster, or fields are at fault. */
import { get } from '../../api/client';
import type { Integration, Items } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { plain } from '../../format/text';
import { useLoad } from '../../parts/load';
import { t } from '../../text/en';

import type { Errors } from './fields';

/* Somebody was faster: theirs beside mine, and who reads decides. */
export function Conflict(props: {
  row: Integration;
  mine: (theirs: Integration) => [Record<string, unknown>, Record<string, unknown>];
  onTake: () => void;
  onKeep: (theirs: Integration) => void;
}) {
  const { row } = props;
  const rows = useLoad(`theirs ${String(row.id)}`, (signal) =>
    get<Items<Integration>>(
      `developer-authentications/${String(row.auth_id)}/integrations`,
      {},
      signal,
    ),
  );
  const theirs = rows.data?.items.find((one) => one.id === row.id);
  const [before, after] = theirs ? props.mine(theirs) : [null, null];
  return (
    <div class="notice notice-bad" role="alert">
      <p>{t('manage.conflict')}</p>
      {theirs && <DiffView before={JSON.stringify(before)} after={JSON.stringify(after)} />}
      <div class="actions">
        <button type="button" onClick={props.onTake}>
          {t('manage.conflict.reload')}
        </button>
        {theirs && (
          <button
            type="button"
            onClick={() => {
              props.onKeep(theirs);
            }}
          >
            {t('manage.conflict.keep')}
          </button>
        )}
      </div>
    </div>
  );
}

/* All faults in one place, each leading to its field. */
export function Faults({ errors, form }: { errors: Errors; form: HTMLFormElement | null }) {
  if (errors.length === 0) return null;
  const lead = (pointer: string): void => {
    const fields = [...(form?.querySelectorAll<HTMLElement>('[data-pointer]') ?? [])];
    const field =
      fields.find((one) => one.dataset['pointer'] === pointer) ??
      fields.find((one) => pointer.startsWith(`${one.dataset['pointer'] ?? '-'}/`));
    field?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  };
  return (
    <div class="notice notice-bad" role="alert">
      <p>{t('manage.faults')}</p>
      <ul>
        {errors.map((error) => (
          <li key={error.pointer + error.detail}>
            <button
              type="button"
              class="plain"
              onClick={() => {
                lead(error.pointer);
              }}
            >
              {plain(error.detail)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
