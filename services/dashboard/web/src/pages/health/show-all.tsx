import { count } from '../../format/text';
import { t } from '../../text/en';

/** Of a long table. */
export const shownAtFirst = 15;

export function ShowAll(props: { n: number; shown: number; onShow: (all: boolean) => void }) {
  if (props.shown >= props.n) return null;
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        props.onShow(true);
      }}
    >
      {t('show.all', { n: count(props.n) })}
    </button>
  );
}
