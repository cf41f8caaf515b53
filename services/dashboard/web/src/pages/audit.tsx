/* Who did what, for administrators. */
import type { AuditEntry } from '../api/types';
import { plain } from '../format/text';
import { formatTime } from '../format/time';
import { Listing } from '../parts/listing';
import { address, setFilter } from '../state/route';
import { t } from '../text/en';

/* What an audit row is about, as a link where there is a page of it. */
function AuditObject({ entry }: { entry: AuditEntry }) {
  const id = plain(entry.object_id);
  const to: Record<string, string> = {
    log: `/logs/${id}`,
    'retry-run': `/retries/${id}`,
    lane: '/health',
    'failed-task': '/failed-tasks',
  };
  const path = to[entry.object];
  return (
    <>
      {plain(entry.object)} {path ? <a href={path}>{id}</a> : <span class="mono wrap">{id}</span>}
    </>
  );
}

/* Members of the detail, a line each. */
function AuditDetail({ detail }: { detail: Record<string, unknown> }) {
  const entries = Object.entries(detail).filter(([, value]) => value !== null && value !== '');
  return (
    <>
      {entries.map(([name, value]) => (
        <div key={name}>
          <span class="quiet">{plain(name)}</span>{' '}
          <bdi class="wrap">{plain(typeof value === 'object' ? JSON.stringify(value) : value)}</bdi>
        </div>
      ))}
    </>
  );
}

const auditActions =
  'login login-failed logout create update rotate-auth-key end-old-auth-keys retry resend retry-run reveal preview requeue pause resume cancel test user'.split(
    ' ',
  );

export function AuditPage() {
  const { action = '', actor = '' } = address.value.query;
  return (
    <Listing<AuditEntry>
      title={t('nav.audit')}
      path="audit"
      query={{ action, actor }}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.at) },
        {
          title: 'audit.actor',
          cell: (row) => (
            <button
              type="button"
              class="plain"
              aria-label={t('audit.only', { actor: row.actor })}
              onClick={() => {
                setFilter({ actor: actor ? '' : row.actor });
              }}
            >
              {plain(row.actor)}
            </button>
          ),
        },
        { title: 'audit.action', cell: (row) => plain(row.action) },
        { title: 'audit.object', cell: (row) => <AuditObject entry={row} /> },
        { title: 'col.lab', cell: (row) => row.lab_id ?? '' },
        { title: 'audit.detail', cell: (row) => <AuditDetail detail={row.detail} /> },
      ]}
      nothing={t(action || actor ? 'nothing.matches' : 'audit.none')}
      tools={
        <>
          <label>
            {t('audit.action')}
            <select
              value={action}
              onChange={(event) => {
                setFilter({ action: event.currentTarget.value });
              }}
            >
              <option value="">{t('filter.any')}</option>
              {[...new Set([...auditActions, ...(action ? [action] : [])])].map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          {actor && (
            <button
              type="button"
              class="chip"
              aria-label={t('filter.remove', { words: actor })}
              onClick={() => {
                setFilter({ actor: '' });
              }}
            >
              {plain(actor)} <span aria-hidden="true">✕</span>
            </button>
          )}
        </>
      }
    />
  );
}
