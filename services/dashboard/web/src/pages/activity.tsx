/* What the LIS's own integrations noted, as people read it. */
import type { Activity } from '../api/types';
import { plain } from '../format/text';
import { formatTime } from '../format/time';
import { Listing } from '../parts/listing';
import { address, setFilter } from '../state/route';
import { t } from '../text/en';

/* A number that narrows a page: taken when Enter is pressed or the field is left. */
function NumberFilter({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <label>
      {label}
      <input
        type="text"
        inputMode="numeric"
        value={value}
        onChange={(event) => {
          const said = event.currentTarget.value.trim();
          if (/^\d*$/.test(said)) setFilter({ [name]: said });
        }}
      />
    </label>
  );
}

export function ActivityPage() {
  const { lab = '', bill = '' } = address.value.query;
  return (
    <Listing<Activity>
      title={t('nav.activity')}
      path="activity"
      query={{ lab_id: lab, bill_id: bill }}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.created_at) },
        { title: 'col.lab', cell: (row) => row.lab_id },
        {
          title: 'col.bill',
          cell: (row) =>
            row.bill_id === null ? (
              ''
            ) : (
              <a href={`/trace/bill/${String(row.bill_id)}?lab=${String(row.lab_id)}`}>
                {row.bill_id}
              </a>
            ),
        },
        { title: 'activity.note', cell: (row) => <bdi class="wrap">{plain(row.note)}</bdi> },
        { title: 'activity.source', cell: (row) => plain(row.source) },
      ]}
      nothing={t(bill ? 'nothing.matches' : 'activity.none')}
      tools={<NumberFilter name="bill" label={t('col.bill')} value={bill} />}
    />
  );
}
