/* Who did what with this log: for administrators. */
import { get } from '../../api/client';
import type { AuditEntry, Page } from '../../api/types';
import { plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { t } from '../../text/en';

export function LogAudit({ id }: { id: string }) {
  const audit = useLoad(`audit ${id}`, (signal) =>
    get<Page<AuditEntry>>('audit', { object_id: id, limit: 100 }, signal),
  );
  if (audit.error !== null) return <ProblemBox error={audit.error} again={audit.reload} />;
  if (!audit.data) return <p role="status">{t('loading')}</p>;
  if (audit.data.items.length === 0) return <p class="quiet">{t('audit.log.none')}</p>;
  return (
    <table class="fields" aria-label={t('nav.audit')}>
      <thead>
        <tr>
          <th scope="col">{t('col.date')}</th>
          <th scope="col">{t('audit.actor')}</th>
          <th scope="col">{t('audit.action')}</th>
          <th scope="col">{t('audit.detail')}</th>
        </tr>
      </thead>
      <tbody>
        {audit.data.items.map((entry) => (
          <tr key={entry.id}>
            <td>{formatTime(entry.at)}</td>
            <td>{plain(entry.actor)}</td>
            <td>{plain(entry.action)}</td>
            <td>
              <code class="wrap">{plain(JSON.stringify(entry.detail))}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
