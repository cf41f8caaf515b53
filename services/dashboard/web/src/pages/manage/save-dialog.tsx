/* Before a row is saved: what changes, and how much it touches. */
import { get } from '../../api/client';
import type { Integration, Stats } from '../../api/types';
import { DiffView } from '../../body/diff-view';
import { count } from '../../format/text';
import { Dialog } from '../../parts/dialog';
import { useLoad } from '../../parts/load';
import { t } from '../../text/en';

export function SaveDialog(props: {
  lab: number;
  row: Integration;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  busy: boolean;
  onSave: () => void;
  onClose: () => void;
}) {
  const { lab, row, before, after } = props;
  const stats = useLoad(`affects ${String(lab)}`, (signal) =>
    get<Stats>('stats', { lab_id: lab }, signal),
  );
  const mine = stats.data?.integrations.find((one) => one.lab_integration_id === row.id);
  return (
    <Dialog title={t('save.title')} onClose={props.onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onSave();
        }}
      >
        <DiffView before={JSON.stringify(before)} after={JSON.stringify(after)} />
        <p class="label">
          {stats.data
            ? t('save.affects', { n: count(mine?.total ?? 0) })
            : t('save.affects.unknown')}
        </p>
        <div class="actions">
          <button type="submit" class="primary" disabled={props.busy}>
            {t('save.do')}
          </button>
          <button type="button" onClick={props.onClose}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
